// CUDA's language for a C++ compiler: every thread of a block is a fiber, a barrier hands over to the next one.
//
// Fibers run one after the other in the given order, so a missing barrier shows as a result that depends on the order.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <vector>

using std::isfinite;
using std::max;
using std::min;

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

struct Dim3 {
    unsigned x = 1, y = 1, z = 1;
};
static Dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    bool done = false;
    // Arrivals at barriers of the warp and of the block.
    unsigned long long warp_arrivals = 0, block_arrivals = 0;
};

static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static unsigned current = 0;
static void (*body)(void *) = nullptr;
static void *argument = nullptr;
static unsigned long long warp_values[1024];

inline void enter() {
    body(argument);
    fibers[current].done = true;
    swapcontext(&fibers[current].context, &scheduler);
}

inline void yield() {
    unsigned self = current;
    swapcontext(&fibers[self].context, &scheduler);
}

// Waits until all threads of [begin, end) that still run have arrived as often as this one.
inline void wait(unsigned long long Fiber::*arrivals, unsigned begin, unsigned end) {
    unsigned long long mine = ++(fibers[current].*arrivals);
    for (;;) {
        bool all = true;
        for (unsigned at = begin; at < end && at < blockDim.x; at++) {
            all = all && (fibers[at].done || fibers[at].*arrivals >= mine);
        }
        if (all) return;
        yield();
    }
}

inline void run_block(unsigned n_threads, bool backward) {
    if (fibers.size() < n_threads) fibers.resize(n_threads);
    for (unsigned at = 0; at < n_threads; at++) {
        Fiber &fiber = fibers[at];
        fiber.stack.resize(1 << 16);
        fiber.done = false;
        fiber.warp_arrivals = fiber.block_arrivals = 0;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = fiber.stack.size();
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    for (unsigned n_done = 0; n_done < n_threads;) {
        n_done = 0;
        for (unsigned nth = 0; nth < n_threads; nth++) {
            unsigned at = backward ? n_threads - 1 - nth : nth;
            if (!fibers[at].done) {
                current = at;
                threadIdx.x = at;
                swapcontext(&scheduler, &fibers[at].context);
            }
            n_done += fibers[at].done;
        }
    }
}

} // namespace emulator

inline void __syncthreads() { emulator::wait(&emulator::Fiber::block_arrivals, 0, blockDim.x); }

inline void __syncwarp() {
    unsigned begin = emulator::current / 32 * 32;
    emulator::wait(&emulator::Fiber::warp_arrivals, begin, begin + 32);
}

template <typename T> inline T __shfl_xor_sync(unsigned, T value, int width) {
    unsigned self = emulator::current;
    std::memcpy(&emulator::warp_values[self], &value, sizeof(T));
    __syncwarp();
    T other;
    std::memcpy(&other, &emulator::warp_values[self ^ width], sizeof(T));
    __syncwarp();
    return other;
}

template <typename T> inline T atomicOr(T *place, T value) {
    T before = *place;
    *place = before | value;
    return before;
}

inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}
