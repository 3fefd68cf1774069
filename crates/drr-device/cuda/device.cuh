// What all kernels share: sums over a warp and a block, random draws by counter, and the places of the counters.
//
// Kernels are extern "C", take pointers and numbers alone, and keep to what NVRTC has without a header of the toolkit. The
// tests also compile them as C++, one thread after the other.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;

// Stands for "no item": the padding of histories.
#define NONE 0xffffffffu

// Places in the counters; src/counters.rs has the same.
#define COUNT_STEPS 0
#define COUNT_SAMPLES 1
#define COUNT_POSITION 2
#define COUNT_LENGTH 3
#define COUNT_STATUS 4
#define COUNT_FIRST_OPTIMIZER 5

// Bits of the status: why a result means nothing.
#define BAD_SCORE 1ull
#define BAD_ITEM 2ull
#define BAD_ERROR 4ull
#define BAD_NORM 8ull

#define WHOLE_WARP 0xffffffffu

__device__ inline void raise_status(u64 *counters, u64 bit) { atomicOr(&counters[COUNT_STATUS], bit); }

// The sum over a warp, in every lane, in an order that is always the same.
template <typename T> __device__ inline T warp_sum(T value) {
    for (int width = 16; width > 0; width /= 2) value += __shfl_xor_sync(WHOLE_WARP, value, width);
    return value;
}

template <typename T> __device__ inline T warp_max(T value) {
    for (int width = 16; width > 0; width /= 2) {
        T other = __shfl_xor_sync(WHOLE_WARP, value, width);
        value = other > value ? other : value;
    }
    return value;
}

// The sum over a block of whole warps, in every thread.
__device__ inline double block_sum(double value) {
    __shared__ double sums[32];
    value = warp_sum(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
    __syncthreads();
    double total = 0.0;
    for (u32 warp = 0; warp < blockDim.x / 32; warp++) total += sums[warp];
    return total;
}

// The greatest value of a block of whole warps, in every thread.
template <typename T> __device__ inline T block_max(T value) {
    __shared__ T greatest[32];
    value = warp_max(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) greatest[threadIdx.x / 32] = value;
    __syncthreads();
    T found = greatest[0];
    for (u32 warp = 1; warp < blockDim.x / 32; warp++) {
        if (greatest[warp] > found) found = greatest[warp];
    }
    return found;
}

struct Draw {
    u32 word[4];
};

// Philox 4x32-10 (Salmon et al. 2011): four words that follow from the seed and the place of the draw alone.
__device__ inline Draw philox(u64 seed, u64 counter, u32 row, u32 column) {
    u32 key0 = (u32)seed, key1 = (u32)(seed >> 32);
    Draw draw = {{(u32)counter, (u32)(counter >> 32), row, column}};
    for (int round = 0; round < 10; round++) {
        u64 left = (u64)0xD2511F53u * draw.word[0];
        u64 right = (u64)0xCD9E8D57u * draw.word[2];
        Draw next = {{(u32)(right >> 32) ^ draw.word[1] ^ key0, (u32)right,
                      (u32)(left >> 32) ^ draw.word[3] ^ key1, (u32)left}};
        draw = next;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return draw;
}

// A number in [0, 1) of 53 bits.
__device__ inline double uniform(u32 high, u32 low) {
    u64 bits = ((u64)high << 32 | low) >> 11;
    return (double)bits * (1.0 / 9007199254740992.0);
}

// A normal number of two words (Box and Muller 1958).
__device__ inline float normal(u32 first, u32 second) {
    float radius = sqrtf(-2.0f * logf(((float)first + 0.5f) * 2.3283064e-10f));
    return radius * cosf((float)second * 2.3283064e-10f * 6.2831853f);
}
