// The DRR-ave state module (Liu et al. 2018, eq. 8-9): users, their latest items, and both multiplied.
#include "device.cuh"

__device__ inline u32 history_length(const u32 *history, u32 window) {
    u32 length = 0;
    while (length < window && history[length] != NONE) length++;
    return length;
}

// Writes states [B, 3D]: a block per row, of any number of whole warps.
//
// The user is the context's vector, where `additive` plus those of the items accepted since, scaled to a mean square of 1.
// Histories [B, N] are oldest first, padded at the end; the latest item has the last position weight.
extern "C" __global__ void state_forward(u32 dim, u32 window, u32 additive, const float *contexts, const float *items,
                                         const float *position_weights, const u32 *context_ids, const u32 *histories,
                                         const u32 *n_accepted, float *states) {
    u32 row = blockIdx.x;
    const u32 *history = histories + (size_t)row * window;
    const float *context = contexts + (size_t)context_ids[row] * dim;
    float *state = states + (size_t)row * 3 * dim;
    u32 length = history_length(history, window);
    u32 first_accepted = additive ? length - min(n_accepted[row], length) : length;
    double squares = 0.0;
    for (u32 d = threadIdx.x; d < dim; d += blockDim.x) {
        float value = context[d];
        for (u32 nth = first_accepted; nth < length; nth++) value += items[(size_t)history[nth] * dim + d];
        state[d] = value;
        squares += (double)value * value;
    }
    squares = block_sum(squares);
    float factor = squares > 0.0 ? (float)sqrt((double)dim / squares) : 1.0f;
    float share = 1.0f / (float)max(length, 1u);
    for (u32 d = threadIdx.x; d < dim; d += blockDim.x) {
        float pooled = 0.0f;
        for (u32 nth = 0; nth < length; nth++) {
            float weight = position_weights[window - length + nth] * share;
            pooled += weight * items[(size_t)history[nth] * dim + d];
        }
        float user = state[d] * factor;
        state[d] = user;
        state[dim + d] = user * pooled;
        state[2 * dim + d] = pooled;
    }
}

// Writes each row's part [B, N] of the gradient of the position weights, given that of the state's last 2D features
// [B, 2D]: a block per row, a warp per item of the history.
extern "C" __global__ void state_backward(u32 dim, u32 window, const float *items, const u32 *histories,
                                          const float *states, const float *gradients, float *parts) {
    u32 row = blockIdx.x, lane = threadIdx.x % 32;
    const u32 *history = histories + (size_t)row * window;
    const float *user = states + (size_t)row * 3 * dim;
    const float *of_crossed = gradients + (size_t)row * 2 * dim, *of_pooled = of_crossed + dim;
    u32 length = history_length(history, window);
    float share = 1.0f / (float)max(length, 1u);
    for (u32 position = threadIdx.x / 32; position < window; position += blockDim.x / 32) {
        u32 absent = window - length;
        float sum = 0.0f;
        if (position >= absent) {
            const float *item = items + (size_t)history[position - absent] * dim;
            for (u32 d = lane; d < dim; d += 32) sum += (of_crossed[d] * user[d] + of_pooled[d]) * item[d];
        }
        sum = warp_sum(sum);
        if (lane == 0) parts[(size_t)row * window + position] = share * sum;
    }
}

// Sums parts [B, N] over the rows: a block per column.
extern "C" __global__ void state_sum(u32 n_rows, u32 window, const float *parts, float *into) {
    double sum = 0.0;
    for (u32 row = threadIdx.x; row < n_rows; row += blockDim.x) sum += parts[(size_t)row * window + blockIdx.x];
    sum = block_sum(sum);
    if (threadIdx.x == 0) into[blockIdx.x] = (float)sum;
}
