// The steps between the networks' passes: exploration, composed actions, sampled batches, TD errors.
#include "device.cuh"

// With probability epsilon adds noise to an output [D] and clips it to [-1, 1]; then composes the action
// `base + scale * output`, the base being the user in the state's first features or nothing. A block per row.
extern "C" __global__ void explore(u32 dim, u64 seed, const u64 *counters, double epsilon_start, double epsilon_end,
                                   double decay_steps, float noise, u32 base_is_user, float scale, const float *states,
                                   float *outputs, float *actions) {
    u32 row = blockIdx.x;
    u64 step = counters[COUNT_STEPS];
    double done = decay_steps > 0.0 ? (double)step / decay_steps : 1.0;
    double epsilon = epsilon_start + (epsilon_end - epsilon_start) * (done < 1.0 ? done : 1.0);
    Draw decision = philox(seed, step, row, NONE);
    bool explores = uniform(decision.word[0], decision.word[1]) < epsilon;
    for (u32 d = threadIdx.x; d < dim; d += blockDim.x) {
        float output = outputs[(size_t)row * dim + d];
        if (explores) {
            Draw draw = philox(seed, step, row, d);
            output = fminf(fmaxf(output + noise * normal(draw.word[0], draw.word[1]), -1.0f), 1.0f);
            outputs[(size_t)row * dim + d] = output;
        }
        float base = base_is_user ? states[(size_t)row * 3 * dim + d] : 0.0f;
        actions[(size_t)row * dim + d] = base + scale * output;
    }
}

// The same composition without noise.
extern "C" __global__ void compose(u32 dim, u32 base_is_user, float scale, const float *states, const float *outputs,
                                   float *actions) {
    for (u32 d = threadIdx.x; d < dim; d += blockDim.x) {
        float base = base_is_user ? states[(size_t)blockIdx.x * 3 * dim + d] : 0.0f;
        actions[(size_t)blockIdx.x * dim + d] = base + scale * outputs[(size_t)blockIdx.x * dim + d];
    }
}

// Gathers the transitions of the sampled slots, a warp per slot. What the critic is told of an action is the item's vector
// where `tells_item`, else the output as executed. Items of the next history and of the session are barred from the next
// recommendation.
extern "C" __global__ void replay_gather(u32 n, u32 window, u32 horizon, u32 dim, u32 n_words, u32 tells_item,
                                         const float *items, const u32 *slots, const u32 *ring_contexts,
                                         const u32 *ring_before, const u32 *ring_n_before, const u32 *ring_after,
                                         const u32 *ring_n_after, const u32 *ring_items, const float *ring_actions,
                                         const float *ring_rewards, const u32 *ring_terminated, const u32 *ring_taken,
                                         u32 *contexts, u32 *before, u32 *n_before, u32 *after, u32 *n_after,
                                         float *told, float *rewards, u32 *terminated, u32 *barred) {
    u32 row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= n) return;
    size_t slot = slots[row];
    u32 *words = barred + (size_t)row * n_words;
    for (u32 word = lane; word < n_words; word += 32) words[word] = 0;
    const float *vector = tells_item ? items + (size_t)ring_items[slot] * dim : ring_actions + slot * dim;
    for (u32 d = lane; d < dim; d += 32) told[(size_t)row * dim + d] = vector[d];
    if (lane == 0) {
        contexts[row] = ring_contexts[slot];
        n_before[row] = ring_n_before[slot];
        n_after[row] = ring_n_after[slot];
        rewards[row] = ring_rewards[slot];
        terminated[row] = ring_terminated[slot];
    }
    __syncwarp();
    for (u32 at = lane; at < window; at += 32) {
        before[(size_t)row * window + at] = ring_before[slot * window + at];
        u32 item = ring_after[slot * window + at];
        after[(size_t)row * window + at] = item;
        if (item != NONE) atomicOr(&words[item / 32], 1u << (item % 32));
    }
    for (u32 at = lane; at < horizon; at += 32) {
        u32 item = ring_taken[slot * horizon + at];
        if (item != NONE) atomicOr(&words[item / 32], 1u << (item % 32));
    }
}

// The vectors of chosen items. Without a candidate the session has ended, and the future does not count.
extern "C" __global__ void chosen_vectors(u32 dim, const float *items, const u32 *chosen, float *vectors) {
    size_t item = chosen[blockIdx.x] == NONE ? 0 : chosen[blockIdx.x];
    for (u32 d = threadIdx.x; d < dim; d += blockDim.x) vectors[(size_t)blockIdx.x * dim + d] = items[item * dim + d];
}

// TD errors `r + discount Q'(s', a') - Q(s, a)`, without the future where a session truly ended; the gradient of their
// weighted mean square; the loss. One block.
extern "C" __global__ void td_errors(u32 n, float discount, const float *rewards, const u32 *terminated,
                                     const float *next_values, const float *values, const float *weights, float *errors,
                                     float *gradients, double *loss) {
    double sum = 0.0;
    float share = 1.0f / (float)n;
    for (u32 row = threadIdx.x; row < n; row += blockDim.x) {
        float target = rewards[row] + (terminated[row] ? 0.0f : discount) * next_values[row];
        float error = target - values[row];
        errors[row] = error;
        gradients[row] = -2.0f * error * weights[row] * share;
        sum += (double)(error * error * weights[row]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *loss = sum / (double)n;
}

// The gradient of minus the mean value, and the mean value. One block.
extern "C" __global__ void climb(u32 n, const float *values, float *gradients, double *mean) {
    double sum = 0.0;
    for (u32 row = threadIdx.x; row < n; row += blockDim.x) {
        sum += values[row];
        gradients[row] = -1.0f / (float)n;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *mean = sum / (double)n;
}

// The gradient of the critic's action as that of the actor's outputs.
extern "C" __global__ void scaled(u32 n, float factor, const float *from, float *into) {
    u32 at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < n) into[at] = factor * from[at];
}
