// Prioritized replay (Schaul et al. 2016, proportional variant): a sum tree in double precision, node i above 2i and 2i + 1.
//
// Every kernel here is one block: between the levels of the tree a barrier of the block is enough.
#include "device.cuh"

__device__ inline u32 find(const double *nodes, u32 first_leaf, double mass) {
    u32 node = 1;
    while (node < first_leaf) {
        node *= 2;
        // Rounding can carry the mass past the last positive leaf: an empty side is not entered.
        if (mass >= nodes[node] && nodes[node + 1] > 0.0) {
            mass -= nodes[node];
            node++;
        }
    }
    return node - first_leaf;
}

// Draws a slot out of each of n equal segments of the total, with its importance weight (len P(i))^-beta over the greatest
// of the batch. One more sample in the counters.
extern "C" __global__ void tree_sample(u32 n, u32 first_leaf, const double *nodes, double beta_start, double beta_end,
                                       double beta_steps, u64 seed, u64 *counters, u32 *slots, float *weights) {
    u64 sample = counters[COUNT_SAMPLES];
    double total = nodes[1], length = (double)counters[COUNT_LENGTH];
    double progress = (double)sample / beta_steps;
    double beta = beta_start + (beta_end - beta_start) * (progress < 1.0 ? progress : 1.0);
    double segment = total / (double)n, greatest = 0.0;
    for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
        Draw draw = philox(seed, sample, nth, 0);
        u32 slot = find(nodes, first_leaf, ((double)nth + uniform(draw.word[0], draw.word[1])) * segment);
        double weight = pow(length * nodes[first_leaf + slot] / total, -beta);
        slots[nth] = slot;
        if (weight > greatest) greatest = weight;
    }
    greatest = block_max(greatest);
    for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
        weights[nth] = (float)(pow(length * nodes[first_leaf + slots[nth]] / total, -beta) / greatest);
    }
    if (threadIdx.x == 0) counters[COUNT_SAMPLES] = sample + 1;
}

// Sets the priorities of sampled slots to their absolute TD errors plus epsilon; of a slot drawn twice the last one counts.
extern "C" __global__ void tree_update(u32 n, u32 first_leaf, const u32 *slots, const float *td_errors, double alpha,
                                       double epsilon, double *nodes, double *greatest, u64 *counters) {
    double found = *greatest;
    u32 bad = 0;
    for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
        bad |= !isfinite(td_errors[nth]);
        double priority = fabs((double)td_errors[nth]) + epsilon;
        if (priority > found) found = priority;
    }
    if (block_max(bad)) {
        if (threadIdx.x == 0) raise_status(counters, BAD_ERROR);
        return;
    }
    found = block_max(found);
    if (threadIdx.x == 0) *greatest = found;
    for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
        bool is_last = true;
        for (u32 later = nth + 1; later < n; later++) is_last = is_last && slots[later] != slots[nth];
        if (is_last) nodes[first_leaf + slots[nth]] = pow(fabs((double)td_errors[nth]) + epsilon, alpha);
    }
    for (u32 level = 1; first_leaf >> level > 0; level++) {
        __syncthreads();
        for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
            // Slots below one node write the same sum.
            u32 node = (first_leaf + slots[nth]) >> level;
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1];
        }
    }
}

// Gives the n transitions from the position on the greatest priority so far.
extern "C" __global__ void tree_enter(u32 n, u32 capacity, u32 first_leaf, double alpha, const double *greatest,
                                      const u64 *counters, double *nodes) {
    u32 position = (u32)counters[COUNT_POSITION];
    double priority = pow(*greatest, alpha);
    for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
        nodes[first_leaf + (u32)(((u64)position + nth) % capacity)] = priority;
    }
    for (u32 level = 1; first_leaf >> level > 0; level++) {
        __syncthreads();
        for (u32 nth = threadIdx.x; nth < n; nth += blockDim.x) {
            u32 node = (first_leaf + (u32)(((u64)position + nth) % capacity)) >> level;
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1];
        }
    }
}
