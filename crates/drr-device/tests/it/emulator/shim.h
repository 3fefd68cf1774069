// CUDA's language for a C++ compiler: every thread of a block is a fiber, a barrier hands over to the next one.
//
// Fibers run one after the other, as far as they can, in the given order: a missing barrier shows as a wrong result.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <csetjmp>
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

// Opens once all threads that still run have arrived, and counts how often it did.
struct Barrier {
    unsigned n_running = 0, n_arrived = 0;
    unsigned long long n_opened = 0;

    void open_if_complete() {
        if (n_running > 0 && n_arrived == n_running) {
            n_arrived = 0;
            n_opened++;
        }
    }
};

struct Fiber {
    // Where it begins, and where it goes on: a jump costs no call of the system, a switch of contexts costs two.
    ucontext_t context;
    jmp_buf place;
    bool begun = false;
    unsigned n_exchanges = 0;
    std::vector<char> stack;
    bool done = false;
    const Barrier *waits_for = nullptr;
    unsigned long long n_opened = 0;

    bool is_ready() const { return !done && (!waits_for || waits_for->n_opened != n_opened); }
};

static Fiber fibers[1024];
static Barrier block_barrier, warp_barriers[32];
static ucontext_t first_scheduler;
static jmp_buf scheduler;
static unsigned current = 0;
static void (*body)(void *) = nullptr;
static void *argument = nullptr;
// Two places for each thread, taken in turns, so that one barrier is enough for an exchange.
static unsigned long long warp_values[2][1024];

// A fiber lives on from block to block.
inline void enter() {
    for (;;) {
        body(argument);
        Fiber &self = fibers[current];
        self.done = true;
        for (Barrier *barrier : {&block_barrier, &warp_barriers[current / 32]}) {
            barrier->n_running--;
            barrier->open_if_complete();
        }
        if (!_setjmp(self.place)) _longjmp(scheduler, 1);
    }
}

inline void wait(Barrier &barrier) {
    Fiber &self = fibers[current];
    self.waits_for = &barrier;
    self.n_opened = barrier.n_opened;
    barrier.n_arrived++;
    barrier.open_if_complete();
    if (!self.is_ready() && !_setjmp(self.place)) _longjmp(scheduler, 1);
    self.waits_for = nullptr;
}

inline void resume(Fiber &fiber) {
    if (_setjmp(scheduler)) return;
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    swapcontext(&first_scheduler, &fiber.context);
}

// Whether any thread of the warp moved.
inline bool run_warp(unsigned warp, unsigned n_threads, bool backward) {
    bool any = false;
    for (bool moves = true; moves;) {
        moves = false;
        for (unsigned nth = 0; nth < 32; nth++) {
            unsigned at = warp * 32 + (backward ? 31 - nth : nth);
            if (at >= n_threads || !fibers[at].is_ready()) continue;
            moves = any = true;
            current = at;
            threadIdx.x = at;
            resume(fibers[at]);
        }
    }
    return any;
}

inline void run_block(unsigned n_threads, bool backward) {
    for (unsigned at = 0; at < n_threads; at++) {
        Fiber &fiber = fibers[at];
        fiber.done = false;
        fiber.n_exchanges = 0;
        fiber.waits_for = nullptr;
        if (fiber.begun) continue;
        fiber.stack.resize(1 << 16);
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = fiber.stack.size();
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    block_barrier = Barrier();
    block_barrier.n_running = n_threads;
    for (unsigned warp = 0; warp * 32 < n_threads; warp++) {
        warp_barriers[warp] = Barrier();
        warp_barriers[warp].n_running = std::min(32u, n_threads - warp * 32);
    }
    // A warp goes on as far as it can before the next one moves: what one of them does too early is done too early.
    unsigned n_warps = (n_threads + 31) / 32;
    for (bool moves = true; moves;) {
        moves = false;
        for (unsigned nth = 0; nth < n_warps; nth++) {
            moves = run_warp(backward ? n_warps - 1 - nth : nth, n_threads, backward) || moves;
        }
    }
    for (unsigned at = 0; at < n_threads; at++) {
        if (!fibers[at].done) {
            std::fprintf(stderr, "threads wait for each other at different barriers\n");
            std::exit(1);
        }
    }
}

} // namespace emulator

inline void __syncthreads() { emulator::wait(emulator::block_barrier); }

inline void __syncwarp() { emulator::wait(emulator::warp_barriers[emulator::current / 32]); }

template <typename T> inline T __shfl_xor_sync(unsigned, T value, int width) {
    unsigned self = emulator::current;
    unsigned long long *values = emulator::warp_values[emulator::fibers[self].n_exchanges++ % 2];
    std::memcpy(&values[self], &value, sizeof(T));
    __syncwarp();
    T other;
    std::memcpy(&other, &values[self ^ width], sizeof(T));
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
