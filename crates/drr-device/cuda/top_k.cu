// The best items for each of a batch of actions, without the matrix of scores.
//
// A block takes a few actions and a range of the catalogue. Tiles of item vectors pass through shared memory, a thread
// scores one item of the tile for all actions of the block and keeps its own best; the block's best are then drawn from the
// threads' lists one after the other. A second launch joins the ranges.
#include "device.cuh"

#define TILE 128
#define DEPTH 32

// The greater the better: by score, equal scores by the smaller item, and never zero for a finite score.
__device__ inline u64 key_of(float score, u32 item) {
    u32 bits = __float_as_uint(score + 0.0f);
    u32 ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
    return (u64)ascending << 32 | (u32)~item;
}

__device__ inline float score_of(u64 key) {
    u32 ascending = (u32)(key >> 32);
    return __uint_as_float(ascending >> 31 ? ascending ^ 0x80000000u : ~ascending);
}

// Puts a key where it belongs in a descending list, and drops the last.
template <int K> __device__ inline void insert(u64 (&best)[K], u64 key) {
    if (key <= best[K - 1]) return;
    for (int at = 0; at < K; at++) {
        u64 lower = key < best[at] ? key : best[at];
        best[at] = key < best[at] ? best[at] : key;
        key = lower;
    }
}

// Draws the k greatest keys out of all threads' descending lists, in descending order. Keys but zero are unique.
template <int K> __device__ inline void draw_best(u64 (&best)[K], u32 k, u64 *into) {
    for (u32 nth = 0; nth < k; nth++) {
        u64 greatest = block_max(best[0]);
        if (greatest != 0 && best[0] == greatest) {
            for (int at = 0; at + 1 < K; at++) best[at] = best[at + 1];
            best[K - 1] = 0;
        }
        if (threadIdx.x == 0) into[nth] = greatest;
    }
}

// Blocks [groups of ROWS actions, ranges], TILE threads; keys [ranges, B, k].
template <int ROWS, int K>
__device__ inline void search(u32 n_rows, u32 n_items, u32 dim, u32 n_words, u32 k, const float *items,
                              const float *actions, const u32 *barred, u64 *keys, u64 *counters) {
    __shared__ float tile[DEPTH][TILE + 1];
    __shared__ float wanted[DEPTH][ROWS];
    u32 first_row = blockIdx.x * ROWS;
    u32 n_tiles = (n_items + TILE - 1) / TILE;
    u32 per_range = (n_tiles + gridDim.y - 1) / gridDim.y;
    u32 last_tile = min(n_tiles, (blockIdx.y + 1) * per_range);
    u64 best[ROWS][K];
    for (int row = 0; row < ROWS; row++) {
        for (int at = 0; at < K; at++) best[row][at] = 0;
    }
    for (u32 nth = blockIdx.y * per_range; nth < last_tile; nth++) {
        u32 first_item = nth * TILE, item = first_item + threadIdx.x;
        float scores[ROWS];
        for (int row = 0; row < ROWS; row++) scores[row] = 0.0f;
        for (u32 begin = 0; begin < dim; begin += DEPTH) {
            u32 depth = min((u32)DEPTH, dim - begin), lane = threadIdx.x % 32;
            __syncthreads();
            for (u32 at = threadIdx.x / 32; at < TILE; at += TILE / 32) {
                bool is_there = lane < depth && first_item + at < n_items;
                tile[lane][at] = is_there ? items[(size_t)(first_item + at) * dim + begin + lane] : 0.0f;
            }
            for (u32 at = threadIdx.x; at < DEPTH * ROWS; at += TILE) {
                u32 row = first_row + at / DEPTH, d = at % DEPTH;
                bool is_there = row < n_rows && d < depth;
                wanted[d][at / DEPTH] = is_there ? actions[(size_t)row * dim + begin + d] : 0.0f;
            }
            __syncthreads();
            for (u32 d = 0; d < depth; d++) {
                float value = tile[d][threadIdx.x];
                for (int row = 0; row < ROWS; row++) scores[row] += wanted[d][row] * value;
            }
        }
        for (int row = 0; row < ROWS; row++) {
            if (item >= n_items || first_row + row >= n_rows) continue;
            u64 key = key_of(scores[row], item);
            if (isfinite(scores[row]) && key <= best[row][K - 1]) continue;
            if (barred[(size_t)(first_row + row) * n_words + item / 32] >> (item % 32) & 1) continue;
            if (isfinite(scores[row])) {
                insert(best[row], key);
            } else {
                raise_status(counters, BAD_SCORE);
            }
        }
    }
    for (int row = 0; row < ROWS; row++) {
        if (first_row + row < n_rows) {
            draw_best(best[row], k, keys + ((size_t)blockIdx.y * n_rows + first_row + row) * k);
        }
    }
}

// The best item alone, for 8 actions a block.
extern "C" __global__ void __launch_bounds__(TILE)
    top_1(u32 n_rows, u32 n_items, u32 dim, u32 n_words, u32 k, const float *items, const float *actions,
          const u32 *barred, u64 *keys, u64 *counters) {
    search<8, 1>(n_rows, n_items, dim, n_words, k, items, actions, barred, keys, counters);
}

// The best k items, at most 16, for 2 actions a block.
extern "C" __global__ void __launch_bounds__(TILE)
    top_16(u32 n_rows, u32 n_items, u32 dim, u32 n_words, u32 k, const float *items, const float *actions,
           const u32 *barred, u64 *keys, u64 *counters) {
    search<2, 16>(n_rows, n_items, dim, n_words, k, items, actions, barred, keys, counters);
}

// Joins the lists of all ranges, a block of one warp per action: items [B, k], NONE where fewer are allowed, and scores.
extern "C" __global__ void top_k_join(u32 n_rows, u32 n_ranges, u32 k, const u64 *keys, u32 *items, float *scores) {
    __shared__ u64 found[16];
    u64 best[16];
    for (int at = 0; at < 16; at++) best[at] = 0;
    for (u32 range = threadIdx.x; range < n_ranges; range += 32) {
        for (u32 at = 0; at < k; at++) insert(best, keys[((size_t)range * n_rows + blockIdx.x) * k + at]);
    }
    draw_best(best, k, found);
    __syncthreads();
    for (u32 at = threadIdx.x; at < k; at += 32) {
        items[(size_t)blockIdx.x * k + at] = found[at] ? ~(u32)found[at] : NONE;
        scores[(size_t)blockIdx.x * k + at] = found[at] ? score_of(found[at]) : 0.0f;
    }
}
