// Feed-forward networks with all their layers in one launch: each block takes a few examples through the whole network.
//
// A table has twelve numbers per layer; src/network.rs writes it. The parameters are those of the CPU's flat networks.
// blockIdx.y counts networks of one shape side by side (twin critics), with the given distances between their parameters
// and workspaces.
#include "device.cuh"

#define EXAMPLES 4
#define COLUMNS 128
#define WIDEST 1024
#define WARPS (EXAMPLES * COLUMNS / 32)

#define PER_LAYER 12
#define N_IN 0
#define N_BEFORE 1
#define N_OUT 2
#define WEIGHT 3
#define BIAS 4
#define GAIN 5
#define ACTIVATION 6
#define OUTPUTS 7
#define DELTAS 8
#define KEPT 9
#define OF_NORM 10
#define INVERSE 11

#define RELU 1
#define TANH 2

__device__ inline float activate(u32 activation, float value) {
    if (activation == RELU) return value < 0.0f ? 0.0f : value;
    if (activation == TANH) return tanhf(value);
    return value;
}

__device__ inline float slope(u32 activation, float output) {
    if (activation == RELU) return output > 0.0f ? 1.0f : 0.0f;
    if (activation == TANH) return 1.0f - output * output;
    return 1.0f;
}

// EXAMPLES * COLUMNS threads. inputs [B, in], joined [B, joined]; every layer's outputs stay in the workspace.
extern "C" __global__ void __launch_bounds__(EXAMPLES *COLUMNS)
    mlp_forward(const u32 *table, u32 n_layers, u32 n_rows, const float *inputs, const float *joined,
                const float *parameters, float *workspace, u32 parameter_distance, u32 workspace_distance) {
    __shared__ float features[EXAMPLES][WIDEST];
    __shared__ float produced[EXAMPLES][WIDEST];
    __shared__ float parts[EXAMPLES][EXAMPLES][COLUMNS];
    parameters += (size_t)blockIdx.y * parameter_distance;
    workspace += (size_t)blockIdx.y * workspace_distance;
    u32 column = threadIdx.x % COLUMNS, group = threadIdx.x / COLUMNS;
    u32 row = blockIdx.x * EXAMPLES + group;
    for (u32 k = column; k < table[N_IN]; k += COLUMNS) {
        features[group][k] = row < n_rows ? inputs[(size_t)row * table[N_IN] + k] : 0.0f;
    }
    for (u32 nth = 0; nth < n_layers; nth++, table += PER_LAYER) {
        u32 n_in = table[N_IN], n_before = nth == 0 ? n_in : table[N_BEFORE], n_out = table[N_OUT];
        u32 n_joined = n_in - n_before, share = (n_in + EXAMPLES - 1) / EXAMPLES;
        for (u32 k = column; k < n_joined; k += COLUMNS) {
            features[group][n_before + k] = row < n_rows ? joined[(size_t)row * n_joined + k] : 0.0f;
        }
        __syncthreads();
        const float *weights = parameters + table[WEIGHT];
        for (u32 first = 0; first < n_out; first += COLUMNS) {
            // Each group of threads takes a share of the sum, for all rows.
            float sums[EXAMPLES];
            for (int at = 0; at < EXAMPLES; at++) sums[at] = 0.0f;
            if (first + column < n_out) {
                u32 end = min(n_in, (group + 1) * share);
#pragma unroll 8
                for (u32 k = group * share; k < end; k++) {
                    float weight = weights[(size_t)k * n_out + first + column];
                    for (int at = 0; at < EXAMPLES; at++) sums[at] += features[at][k] * weight;
                }
            }
            for (int at = 0; at < EXAMPLES; at++) parts[group][at][column] = sums[at];
            __syncthreads();
            if (first + column < n_out) {
                float value = parameters[table[BIAS] + first + column];
                for (int at = 0; at < EXAMPLES; at++) value += parts[at][group][column];
                produced[group][first + column] = value;
            }
            __syncthreads();
        }
        float mean = 0.0f, inverse = 1.0f;
        if (table[GAIN] != NONE) {
            // Each warp forms the sums of its row for itself.
            float sum = 0.0f, squares = 0.0f;
            for (u32 j = threadIdx.x % 32; j < n_out; j += 32) sum += produced[group][j];
            mean = warp_sum(sum) / (float)n_out;
            for (u32 j = threadIdx.x % 32; j < n_out; j += 32) {
                float distance = produced[group][j] - mean;
                squares += distance * distance;
            }
            inverse = 1.0f / sqrtf(warp_sum(squares) / (float)n_out + 1e-5f);
            if (column == 0 && row < n_rows) workspace[table[INVERSE] + row] = inverse;
        }
        for (u32 j = column; j < n_out; j += COLUMNS) {
            float value = produced[group][j];
            if (table[GAIN] != NONE) {
                float kept = (value - mean) * inverse;
                if (row < n_rows) workspace[table[KEPT] + (size_t)row * n_out + j] = kept;
                value = parameters[table[GAIN] + j] * kept + parameters[table[GAIN] + n_out + j];
            }
            value = activate(table[ACTIVATION], value);
            features[group][j] = value;
            if (row < n_rows) workspace[table[OUTPUTS] + (size_t)row * n_out + j] = value;
        }
        // The barrier before the next layer's sums is enough.
    }
}

// From the gradient of the outputs, in the last layer's deltas, to every layer's gradient of its products, down to layer
// `lowest`. The gradient of what joins goes to of_joined [B, joined] where `wants_joined`; that of the inputs from
// `first_input` on to of_inputs [B, n_inputs].
extern "C" __global__ void __launch_bounds__(EXAMPLES *COLUMNS)
    mlp_backward(const u32 *table, u32 n_layers, u32 lowest, u32 n_rows, const float *parameters, float *workspace,
                 u32 wants_joined, float *of_joined, u32 first_input, u32 n_inputs, float *of_inputs,
                 u32 parameter_distance, u32 workspace_distance) {
    __shared__ float deltas[EXAMPLES][WIDEST];
    __shared__ float below[EXAMPLES][WIDEST];
    parameters += (size_t)blockIdx.y * parameter_distance;
    workspace += (size_t)blockIdx.y * workspace_distance;
    u32 column = threadIdx.x % COLUMNS, group = threadIdx.x / COLUMNS;
    u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    u32 first_row = blockIdx.x * EXAMPLES, row = first_row + group;
    const u32 *layer = table + (n_layers - 1) * PER_LAYER;
    for (u32 j = column; j < layer[N_OUT]; j += COLUMNS) {
        below[group][j] = row < n_rows ? workspace[layer[DELTAS] + (size_t)row * layer[N_OUT] + j] : 0.0f;
    }
    // At first each thread reads below what it wrote there itself.
    for (u32 nth = n_layers; nth-- > lowest; layer -= PER_LAYER) {
        u32 n_in = layer[N_IN], n_before = nth == 0 ? n_in : layer[N_BEFORE], n_out = layer[N_OUT];
        for (u32 j = column; j < n_out; j += COLUMNS) {
            float output = row < n_rows ? workspace[layer[OUTPUTS] + (size_t)row * n_out + j] : 0.0f;
            deltas[group][j] = below[group][j] * slope(layer[ACTIVATION], output);
        }
        __syncthreads();
        if (layer[GAIN] != NONE) {
            // y = gain * kept + shift; each warp forms the two means of its row for itself.
            const float *kept = workspace + layer[KEPT] + (size_t)min(row, n_rows - 1) * n_out;
            const float *gain = parameters + layer[GAIN];
            float sum = 0.0f, along = 0.0f;
            for (u32 j = lane; j < n_out; j += 32) {
                float value = deltas[group][j] * gain[j];
                sum += value;
                along += value * kept[j];
            }
            float mean = warp_sum(sum) / (float)n_out;
            along = warp_sum(along) / (float)n_out;
            float inverse = row < n_rows ? workspace[layer[INVERSE] + row] : 0.0f;
            __syncthreads();
            for (u32 j = column; j < n_out; j += COLUMNS) {
                float value = deltas[group][j];
                if (row < n_rows) workspace[layer[OF_NORM] + (size_t)row * n_out + j] = value;
                deltas[group][j] = inverse * (value * gain[j] - mean - kept[j] * along);
            }
            __syncthreads();
        }
        for (u32 j = column; j < n_out; j += COLUMNS) {
            if (row < n_rows) workspace[layer[DELTAS] + (size_t)row * n_out + j] = deltas[group][j];
        }
        // A warp per input forms the products of all rows.
        u32 begin = nth == 0 ? first_input : nth > lowest ? 0 : n_before;
        u32 end = nth == 0 ? first_input + n_inputs : wants_joined ? n_in : n_before;
        for (u32 k = begin + warp; k < end; k += WARPS) {
            float sums[EXAMPLES];
            for (int at = 0; at < EXAMPLES; at++) sums[at] = 0.0f;
            for (u32 j = lane; j < n_out; j += 32) {
                float weight = parameters[layer[WEIGHT] + (size_t)k * n_out + j];
                for (int at = 0; at < EXAMPLES; at++) sums[at] += deltas[at][j] * weight;
            }
            for (int at = 0; at < EXAMPLES; at++) sums[at] = warp_sum(sums[at]);
            if (lane < EXAMPLES && first_row + lane < n_rows) {
                float sum = sums[0];
                for (u32 at = 1; at < EXAMPLES; at++) sum = lane == at ? sums[at] : sum;
                size_t example = (size_t)blockIdx.y * n_rows + first_row + lane;
                if (nth == 0) {
                    of_inputs[example * n_inputs + k - first_input] = sum;
                } else if (k < n_before) {
                    below[lane][k] = sum;
                } else {
                    of_joined[example * (n_in - n_before) + k - n_before] = sum;
                }
            } else if (lane < EXAMPLES && nth > 0 && k < n_before) {
                below[lane][k] = 0.0f;
            }
        }
        __syncthreads();
    }
}

// The gradients of weights and biases: a block per tile of 32 x 32, 256 threads. tiles [n][3]: layer, first input, first
// output; the bias is the row behind the last input.
extern "C" __global__ void __launch_bounds__(256)
    mlp_gradients(const u32 *table, const u32 *tiles, u32 n_rows, const float *inputs, const float *joined,
                  const float *workspace, float *gradients, u32 parameter_distance, u32 workspace_distance) {
    __shared__ float entered[32][33];
    __shared__ float deltas[32][33];
    workspace += (size_t)blockIdx.y * workspace_distance;
    gradients += (size_t)blockIdx.y * parameter_distance;
    u32 nth = tiles[3 * blockIdx.x], first_k = tiles[3 * blockIdx.x + 1], first_j = tiles[3 * blockIdx.x + 2];
    const u32 *layer = table + nth * PER_LAYER;
    u32 n_in = layer[N_IN], n_before = nth == 0 ? n_in : layer[N_BEFORE], n_out = layer[N_OUT];
    const float *before = nth == 0 ? inputs : workspace + (layer - PER_LAYER)[OUTPUTS];
    u32 x = threadIdx.x % 32, y = threadIdx.x / 32;
    u32 k = first_k + x, j = first_j + x;
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (u32 first = 0; first < n_rows; first += 32) {
        __syncthreads();
        for (u32 at = y; at < 32; at += 8) {
            size_t row = first + at;
            float value = 0.0f;
            if (row < n_rows) {
                if (k < n_before) value = before[row * n_before + k];
                else if (k < n_in) value = joined[row * (n_in - n_before) + k - n_before];
                else if (k == n_in) value = 1.0f;
            }
            entered[at][x] = value;
            deltas[at][x] = row < n_rows && j < n_out ? workspace[layer[DELTAS] + row * n_out + j] : 0.0f;
        }
        __syncthreads();
        for (u32 at = 0; at < 32; at++) {
            for (u32 part = 0; part < 4; part++) sums[part] += entered[at][y + 8 * part] * deltas[at][x];
        }
    }
    for (u32 part = 0; part < 4; part++) {
        u32 input = first_k + y + 8 * part;
        if (input < n_in && j < n_out) gradients[layer[WEIGHT] + (size_t)input * n_out + j] = sums[part];
        if (input == n_in && j < n_out) gradients[layer[BIAS] + j] = sums[part];
    }
}

// The gradients of gain and shift of a normalized layer: a warp per output.
extern "C" __global__ void mlp_norm_gradients(const u32 *table, u32 nth, u32 n_rows, const float *workspace,
                                              float *gradients, u32 parameter_distance, u32 workspace_distance) {
    workspace += (size_t)blockIdx.y * workspace_distance;
    gradients += (size_t)blockIdx.y * parameter_distance;
    const u32 *layer = table + nth * PER_LAYER;
    u32 n_out = layer[N_OUT], j = blockIdx.x;
    float of_gain = 0.0f, of_shift = 0.0f;
    for (u32 row = threadIdx.x; row < n_rows; row += 32) {
        float gradient = workspace[layer[OF_NORM] + (size_t)row * n_out + j];
        of_gain += gradient * workspace[layer[KEPT] + (size_t)row * n_out + j];
        of_shift += gradient;
    }
    of_gain = warp_sum(of_gain);
    of_shift = warp_sum(of_shift);
    if (threadIdx.x == 0) {
        gradients[layer[GAIN] + j] = of_gain;
        gradients[layer[GAIN] + n_out + j] = of_shift;
    }
}
