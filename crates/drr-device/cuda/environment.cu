// Simulated users on the device: a warp per environment, thousands of them stepped in one launch.
//
// A session answers out of a log of ratings; what was never rated gets a constant, or the rating that a factor model
// predicts. A step writes its transition into the replay at once, and where it ends a session, the next one begins in the
// same launch.
#include "device.cuh"

// Columns of the table of contexts [C][4].
#define BEGIN 0
#define END 1
#define CUT 2
#define CANDIDATES 3

// Begins the session of a context drawn for this environment at this step.
__device__ inline void begin_session(u32 environment, u32 window, u32 n_words, u32 n_contexts, u64 seed, u64 step,
                                     const u32 *contexts, const u32 *first_histories, const u32 *logged_items,
                                     const u32 *beyond_catalogue, u32 *of_context, u32 *histories, u32 *n_accepted,
                                     u32 *n_left, u32 *n_taken, u32 *barred) {
    u32 lane = threadIdx.x % 32;
    Draw draw = philox(seed, step, environment, 0);
    u32 context = (u32)((u64)draw.word[0] * n_contexts >> 32);
    const u32 *entry = contexts + 4 * (size_t)context;
    u32 *words = barred + (size_t)environment * n_words;
    for (u32 word = lane; word < n_words; word += 32) words[word] = beyond_catalogue[word];
    for (u32 at = lane; at < window; at += 32) {
        histories[(size_t)environment * window + at] = first_histories[(size_t)context * window + at];
    }
    if (lane == 0) {
        of_context[environment] = context;
        n_accepted[environment] = 0;
        n_left[environment] = entry[CANDIDATES];
        n_taken[environment] = 0;
    }
    __syncwarp();
    for (u32 at = lane; at < entry[CUT]; at += 32) {
        u32 item = logged_items[entry[BEGIN] + at];
        atomicOr(&words[item / 32], 1u << (item % 32));
    }
    __syncwarp();
}

// Begins a session in every environment.
extern "C" __global__ void environment_begin(u32 n, u32 window, u32 n_words, u32 n_contexts, u64 seed,
                                             const u64 *counters, const u32 *contexts, const u32 *first_histories,
                                             const u32 *logged_items, const u32 *beyond_catalogue, u32 *of_context,
                                             u32 *histories, u32 *n_accepted, u32 *n_left, u32 *n_taken, u32 *barred) {
    u32 environment = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (environment >= n) return;
    begin_session(environment, window, n_words, n_contexts, seed, counters[COUNT_STEPS], contexts, first_histories,
                  logged_items, beyond_catalogue, of_context, histories, n_accepted, n_left, n_taken, barred);
}

// The reward for an item: of the first rating after the cut, else the constant, or that of the predicted rating, which is
// offset + user . item within the scale.
__device__ inline float reward_for(u32 item, u32 context, const u32 *entry, const u32 *rated_items,
                                   const u32 *rated_positions, const float *rated_rewards, float unrated, u32 n_factors,
                                   const float *user_factors, const float *item_factors, float offset, float lowest,
                                   float highest, float middle, float divisor) {
    u32 low = entry[BEGIN], high = entry[END];
    while (low < high) {
        u32 at = low + (high - low) / 2;
        bool is_before = rated_items[at] < item || (rated_items[at] == item && rated_positions[at] < entry[CUT]);
        if (is_before) low = at + 1;
        else high = at;
    }
    if (low < entry[END] && rated_items[low] == item) return rated_rewards[low];
    if (n_factors == 0) return unrated;
    const float *left = user_factors + (size_t)context * n_factors, *right = item_factors + (size_t)item * n_factors;
    float sum = 0.0f;
    for (u32 at = threadIdx.x % 32; at < n_factors; at += 32) sum += left[at] * right[at];
    float rating = offset + warp_sum(sum);
    return (fminf(fmaxf(rating, lowest), highest) - middle) / divisor;
}

// Recommends one item in every environment, writes the transitions into the replay's ring, and begins the sessions that
// follow on those that ended. An item that is no candidate raises the status and leaves its environment as it was.
extern "C" __global__ void environment_step(
    u32 n, u32 window, u32 horizon, u32 n_words, u32 n_contexts, u32 capacity, u32 dim, u64 seed, u64 *counters,
    const u32 *contexts, const u32 *first_histories, const u32 *logged_items, const u32 *beyond_catalogue,
    const u32 *rated_items, const u32 *rated_positions, const float *rated_rewards, float unrated, u32 n_factors,
    const float *user_factors, const float *item_factors, float offset, float lowest, float highest, float middle,
    float divisor, const u32 *chosen, const float *outputs, u32 *of_context, u32 *histories, u32 *n_accepted, u32 *n_left,
    u32 *n_taken, u32 *taken, u32 *barred, float *rewards, u32 *ring_contexts, u32 *ring_before, u32 *ring_n_before,
    u32 *ring_after, u32 *ring_n_after, u32 *ring_items, float *ring_actions, float *ring_rewards, u32 *ring_terminated,
    u32 *ring_taken) {
    u32 environment = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (environment >= n) return;
    u32 item = chosen[environment], context = of_context[environment];
    u32 *history = histories + (size_t)environment * window, *words = barred + (size_t)environment * n_words;
    u32 *sequence = taken + (size_t)environment * horizon;
    bool is_barred = item / 32 >= n_words || (words[item / 32] >> (item % 32) & 1);
    // Every lane has read what it needs before any of it is written.
    __syncwarp();
    if (is_barred) {
        if (lane == 0) {
            raise_status(counters, BAD_ITEM);
            rewards[environment] = 0.0f;
        }
        return;
    }
    size_t slot = (counters[COUNT_POSITION] + environment) % capacity;
    u32 length = 0, accepted = n_accepted[environment], step = n_taken[environment], left = n_left[environment] - 1;
    while (length < window && history[length] != NONE) length++;
    for (u32 at = lane; at < window; at += 32) ring_before[slot * window + at] = history[at];
    for (u32 at = lane; at < dim; at += 32) ring_actions[slot * dim + at] = outputs[(size_t)environment * dim + at];
    float reward = reward_for(item, context, contexts + 4 * (size_t)context, rated_items, rated_positions, rated_rewards,
                              unrated, n_factors, user_factors, item_factors, offset, lowest, highest, middle, divisor);
    __syncwarp();
    if (reward > 0.0f && length == window) {
        for (u32 begin = 0; begin < window; begin += 32) {
            u32 at = begin + lane;
            u32 next = at + 1 < window ? history[at + 1] : item;
            __syncwarp();
            if (at < window) history[at] = next;
            __syncwarp();
        }
    }
    u32 now = reward > 0.0f ? min(min(length + 1, window), accepted + 1) : accepted;
    bool terminated = left == 0, truncated = step + 1 >= horizon && !terminated;
    if (lane == 0) {
        if (reward > 0.0f && length < window) history[length] = item;
        words[item / 32] |= 1u << (item % 32);
        sequence[step] = item;
        n_accepted[environment] = now;
        n_taken[environment] = step + 1;
        n_left[environment] = left;
        rewards[environment] = reward;
        ring_contexts[slot] = context;
        ring_n_before[slot] = accepted;
        ring_n_after[slot] = now;
        ring_items[slot] = item;
        ring_rewards[slot] = reward;
        ring_terminated[slot] = terminated;
    }
    __syncwarp();
    for (u32 at = lane; at < window; at += 32) ring_after[slot * window + at] = history[at];
    for (u32 at = lane; at < horizon; at += 32) ring_taken[slot * horizon + at] = at <= step ? sequence[at] : NONE;
    __syncwarp();
    if (terminated || truncated) {
        begin_session(environment, window, n_words, n_contexts, seed, counters[COUNT_STEPS] + 1, contexts,
                      first_histories, logged_items, beyond_catalogue, of_context, histories, n_accepted, n_left, n_taken,
                      barred);
    }
}

// Moves the ring and the counters past a step of all environments, and adds up the rewards: one block.
extern "C" __global__ void environment_count(u32 n, u32 capacity, const float *rewards, u64 *counters, double *sum) {
    double total = 0.0;
    for (u32 at = threadIdx.x; at < n; at += blockDim.x) total += rewards[at];
    total = block_sum(total);
    if (threadIdx.x == 0) {
        *sum += total;
        counters[COUNT_STEPS] += n;
        counters[COUNT_POSITION] = (counters[COUNT_POSITION] + n) % capacity;
        u64 length = counters[COUNT_LENGTH] + n;
        counters[COUNT_LENGTH] = length < capacity ? length : capacity;
    }
}
