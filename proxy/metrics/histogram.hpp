// Durations in fixed buckets, about 1-2-5 a decade from 100 us to 60 s, as Prometheus wants them.
//
// Threads: observe: one writer; the rest: any. Cost of observe(): a scan of at most 18 bounds.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/metrics/counter.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fairlead::metrics {

class Histogram {
public:
    static constexpr std::array<std::chrono::microseconds, 18> bounds = {
        100us,       200us,       500us,       1'000us,      2'000us,      5'000us,
        10'000us,    20'000us,    50'000us,    100'000us,    200'000us,    500'000us,
        1'000'000us, 2'000'000us, 5'000'000us, 10'000'000us, 30'000'000us, 60'000'000us};

    void observe(Duration took) noexcept {
        const auto at =
            std::find_if(bounds.begin(), bounds.end(), [&](auto bound) { return took <= bound; });
        buckets_[static_cast<std::size_t>(at - bounds.begin())].add();
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
        sum_us_.add(us > 0 ? static_cast<std::uint64_t>(us) : 0);
    }

    /// What was counted in bucket `i`; the last one, at bounds.size(), is everything longer.
    std::uint64_t bucket(std::size_t i) const noexcept { return buckets_[i].value(); }
    std::uint64_t sum_us() const noexcept { return sum_us_.value(); }

private:
    std::array<Counter, bounds.size() + 1> buckets_;
    Counter sum_us_;
};

/// Several workers' histograms added up, for one exposition.
struct HistogramTotal {
    std::array<std::uint64_t, Histogram::bounds.size() + 1> buckets = {};
    std::uint64_t sum_us = 0;

    void add(const Histogram& histogram) noexcept {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += histogram.bucket(i);
        sum_us += histogram.sum_us();
    }
    std::uint64_t count() const noexcept {
        std::uint64_t total = 0;
        for (auto bucket : buckets) total += bucket;
        return total;
    }
};

}  // namespace fairlead::metrics
