// A number that one thread adds to and any thread may read.
//
// Threads: add: one writer; value: any. A plain load and store on the writer's own cache line, no
// locked instruction; a reader sees some recent value.
#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead::metrics {

class Counter {
public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace fairlead::metrics
