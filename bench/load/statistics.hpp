// What one thread measured, mergeable: latencies, statuses, errors by kind.
//
// Threads: one; merged after the threads have ended.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

/// Log-linear: 128 buckets for each power of two, so a value is known to better than 1 %.
class LatencyHistogram {
public:
    void record(std::chrono::nanoseconds value) noexcept;
    void merge(const LatencyHistogram& other) noexcept;
    /// Upper end of the bucket that holds the quantile; 0 when nothing was recorded.
    double quantile_us(double quantile) const noexcept;
    double mean_us() const noexcept;
    double max_us() const noexcept { return static_cast<double>(max_) / 1000; }
    std::uint64_t count() const noexcept { return count_; }

private:
    static constexpr unsigned sub_bits = 7;
    static constexpr std::size_t sub_buckets = std::size_t{1} << sub_bits;
    static std::size_t index(std::uint64_t value) noexcept;
    static std::uint64_t upper_end(std::size_t index) noexcept;

    std::array<std::uint64_t, sub_buckets*(64 - sub_bits + 1)> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

enum class LoadError : std::uint8_t {
    connect,     // refused or failed
    reset,       // the connection was reset
    closed,      // closed before a byte of the answer
    truncated,   // closed inside the answer
    malformed,   // not an answer
    timeout,     // no complete answer in time
    unfinished,  // still waiting when the run ended
    unsent,      // open loop: due, but no connection was free
    count_,
};
std::string_view name_of(LoadError error) noexcept;

struct Statistics {
    LatencyHistogram latency;  // of complete answers
    std::array<std::uint64_t, 1000> statuses{};
    std::array<std::uint64_t, static_cast<std::size_t>(LoadError::count_)> errors{};
    std::uint64_t connects = 0;
    std::uint64_t bytes = 0;  // received, heads included

    void add(LoadError error, std::uint64_t times = 1) noexcept {
        errors[static_cast<std::size_t>(error)] += times;
    }
    std::uint64_t total_errors() const noexcept;
    void merge(const Statistics& other) noexcept;

    std::string to_json(double seconds) const;
    std::string to_text(double seconds) const;
};

}  // namespace fairlead::bench
