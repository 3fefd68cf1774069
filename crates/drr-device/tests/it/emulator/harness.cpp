// Runs a list of launches on the processor: memory and launches come by standard input, memory goes out by standard output.
//
// Each argument says whether it is a pointer or which kind of number it is, and a kernel refuses what its signature does not
// have. Behind every buffer lies a pattern that no kernel may change.
#include "shim.h"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>

#include "adam.cu"
#include "environment.cu"
#include "mlp.cu"
#include "state.cu"
#include "sum_tree.cu"
#include "top_k.cu"
#include "train.cu"

namespace {

const unsigned char GUARD = 0xA5;
const size_t N_GUARDS = 256;

struct Argument {
    char kind;
    uint64_t bits;
};

[[noreturn]] void fail(const std::string &what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(1);
}

template <typename T> T read_value() {
    T value;
    if (std::fread(&value, sizeof(T), 1, stdin) != 1) fail("the request ends too soon");
    return value;
}

template <typename T> constexpr char kind_of() {
    using U = std::remove_cv_t<std::remove_pointer_t<T>>;
    char kind = std::is_same_v<U, unsigned>             ? 'u'
                : std::is_same_v<U, float>              ? 'f'
                : std::is_same_v<U, unsigned long long> ? 'l'
                : std::is_same_v<U, double>             ? 'd'
                                                        : '?';
    return std::is_pointer_v<T> ? char(kind - 'a' + 'A') : kind;
}

template <typename T> T value_of(const std::string &kernel, size_t nth, const Argument &argument) {
    if (argument.kind != kind_of<T>()) {
        fail(kernel + ": argument " + std::to_string(nth) + " is a " + argument.kind + ", not a " + kind_of<T>());
    }
    T value;
    std::memcpy(&value, &argument.bits, sizeof(T));
    return value;
}

using Kernel = std::function<void(const std::vector<Argument> &, bool)>;

template <typename... A, size_t... N>
Kernel make(const std::string &name, void (*function)(A...), std::index_sequence<N...>) {
    return [=](const std::vector<Argument> &arguments, bool backward) {
        if (arguments.size() != sizeof...(A)) {
            fail(name + " takes " + std::to_string(sizeof...(A)) + " arguments, not " + std::to_string(arguments.size()));
        }
        auto values = std::make_tuple(value_of<A>(name, N, arguments[N])...);
        std::function<void()> call = [&] { std::apply(function, values); };
        emulator::body = [](void *call) { (*static_cast<std::function<void()> *>(call))(); };
        emulator::argument = &call;
        emulator::run_block(blockDim.x, backward);
    };
}

template <typename... A> Kernel kernel(const std::string &name, void (*function)(A...)) {
    return make(name, function, std::index_sequence_for<A...>{});
}

#define KERNEL(name) {#name, kernel(#name, name)}

const std::map<std::string, Kernel> KERNELS = {
    KERNEL(state_forward),     KERNEL(state_backward),    KERNEL(state_sum),         KERNEL(adam_norm),
    KERNEL(adam_step),         KERNEL(tree_sample),       KERNEL(tree_update),       KERNEL(tree_enter),
    KERNEL(top_1),             KERNEL(top_16),            KERNEL(top_k_join),        KERNEL(mlp_forward),
    KERNEL(mlp_backward),      KERNEL(mlp_gradients),     KERNEL(mlp_norm_gradients), KERNEL(environment_begin),
    KERNEL(environment_step),  KERNEL(environment_count), KERNEL(explore),           KERNEL(compose),
    KERNEL(replay_gather),     KERNEL(chosen_vectors),    KERNEL(td_errors),         KERNEL(climb),
    KERNEL(scaled),
};

struct Launch {
    std::string name;
    unsigned blocks[2], threads;
    std::vector<Argument> arguments;
};

} // namespace

int main() {
    std::vector<std::pair<unsigned char *, uint64_t>> buffers(read_value<uint64_t>());
    for (auto &[bytes, size] : buffers) {
        size = read_value<uint64_t>();
        bytes = static_cast<unsigned char *>(std::aligned_alloc(256, (size + N_GUARDS + 255) / 256 * 256));
        if (size > 0 && std::fread(bytes, 1, size, stdin) != size) fail("the request ends too soon");
        std::memset(bytes + size, GUARD, N_GUARDS);
#ifdef __SANITIZE_ADDRESS__
        // Then reads beyond a buffer are found as well.
        __asan_poison_memory_region(bytes + size, N_GUARDS);
#endif
    }
    uint32_t times = read_value<uint32_t>(), backward = read_value<uint32_t>();
    std::vector<Launch> launches(read_value<uint64_t>());
    for (Launch &launch : launches) {
        launch.name.resize(read_value<uint64_t>());
        if (std::fread(launch.name.data(), 1, launch.name.size(), stdin) != launch.name.size()) fail("no name");
        for (unsigned *part : {&launch.blocks[0], &launch.blocks[1], &launch.threads}) *part = read_value<uint32_t>();
        launch.arguments.resize(read_value<uint64_t>());
        for (Argument &argument : launch.arguments) {
            argument.kind = read_value<char>();
            argument.bits = read_value<uint64_t>();
            if (argument.kind >= 'A' && argument.kind <= 'Z') {
                uint64_t offset = read_value<uint64_t>();
                if (offset > buffers[argument.bits].second) fail(launch.name + ": an offset beyond its buffer");
                argument.bits = reinterpret_cast<uint64_t>(buffers[argument.bits].first + offset);
            }
        }
        if (!KERNELS.count(launch.name)) fail("no kernel " + launch.name);
        if (launch.threads > 1024) fail(launch.name + ": too many threads");
    }
    for (uint32_t time = 0; time < times; time++) {
        for (const Launch &launch : launches) {
            gridDim.x = launch.blocks[0], gridDim.y = launch.blocks[1], blockDim.x = launch.threads;
            for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++) {
                for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
                    KERNELS.at(launch.name)(launch.arguments, backward);
                }
            }
#ifndef __SANITIZE_ADDRESS__
            for (auto [bytes, size] : buffers) {
                for (size_t at = size; at < size + N_GUARDS; at++) {
                    if (bytes[at] != GUARD) fail(launch.name + " writes beyond a buffer");
                }
            }
#endif
        }
    }
    for (auto [bytes, size] : buffers) std::fwrite(bytes, 1, size, stdout);
    return 0;
}
