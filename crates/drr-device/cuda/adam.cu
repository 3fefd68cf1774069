// Adam with clip, L2 and soft update of the targets: one launch for the norm, one for everything else.
#include "device.cuh"

// Sums of squares of the gradients, one per block, and one more update in the optimizer's counter.
extern "C" __global__ void adam_norm(u32 n, const float *gradients, double *parts, u64 *counters, u32 optimizer) {
    double squares = 0.0;
    for (u32 at = blockIdx.x * blockDim.x + threadIdx.x; at < n; at += gridDim.x * blockDim.x) {
        squares += (double)gradients[at] * gradients[at];
    }
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = squares;
        if (blockIdx.x == 0) counters[COUNT_FIRST_OPTIMIZER + optimizer]++;
    }
}

// Moves parameters against their gradients (Kingma and Ba 2015, algorithm 1), and targets after them by the share tau; a
// tau of 0 leaves the targets alone and never touches them. `decayed` are the [begin, end) of what L2 applies to.
extern "C" __global__ void adam_step(u32 n, u32 n_parts, u32 n_decayed, const u32 *decayed, double learning_rate, float l2,
                                     double max_norm, float tau, const float *gradients, const double *parts,
                                     float *parameters, float *first, float *second, float *targets, u64 *counters,
                                     u32 optimizer) {
    const float beta_1 = 0.9f, beta_2 = 0.999f, epsilon = 1e-8f, smallest = 1e-30f;
    double squares = 0.0;
    for (u32 part = threadIdx.x; part < n_parts; part += blockDim.x) squares += parts[part];
    double norm = sqrt(block_sum(squares));
    if (!isfinite(norm)) {
        if (threadIdx.x == 0) raise_status(counters, BAD_NORM);
        return;
    }
    double update = (double)counters[COUNT_FIRST_OPTIMIZER + optimizer];
    float scale = max_norm > 0.0 && norm > max_norm ? (float)(max_norm / norm) : 1.0f;
    float step_size = (float)(learning_rate / (1.0 - pow((double)beta_1, update)));
    float second_correction = (float)(1.0 / (1.0 - pow((double)beta_2, update)));
    for (u32 at = blockIdx.x * blockDim.x + threadIdx.x; at < n; at += gridDim.x * blockDim.x) {
        bool decays = false;
        for (u32 range = 0; range < n_decayed; range++) {
            decays = decays || (at >= decayed[2 * range] && at < decayed[2 * range + 1]);
        }
        float value = parameters[at];
        float gradient = gradients[at] * scale + (decays ? l2 : 0.0f) * value;
        float m = beta_1 * first[at] + (1.0f - beta_1) * gradient;
        float v = beta_2 * second[at] + (1.0f - beta_2) * gradient * gradient;
        m = fabsf(m) < smallest ? 0.0f : m;
        v = v < smallest ? 0.0f : v;
        first[at] = m;
        second[at] = v;
        value -= step_size * m / (sqrtf(v * second_correction) + epsilon);
        parameters[at] = value;
        if (tau > 0.0f) targets[at] = tau * value + (1.0f - tau) * targets[at];
    }
}
