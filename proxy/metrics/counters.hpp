// One worker's counters: the rows of catalog.def, and one counter for each reason.
//
// Threads: add and subtract: the worker that owns it; value: any.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/metrics/counter.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::metrics {

enum class Metric : std::uint8_t {
#define FAIRLEAD_METRIC(id, kind, name, help) id,
#include "proxy/metrics/catalog.def"
#undef FAIRLEAD_METRIC
    count_
};

enum class MetricKind : std::uint8_t { counter, gauge };

struct MetricRow {
    Metric id;
    MetricKind kind;
    std::string_view name;
    std::string_view help;
};

inline constexpr MetricRow catalog[] = {
#define FAIRLEAD_METRIC(id, kind, name, help) {Metric::id, MetricKind::kind, name, help},
#include "proxy/metrics/catalog.def"
#undef FAIRLEAD_METRIC
};

class alignas(64) Counters {
public:
    void add(Metric metric, std::uint64_t n = 1) noexcept { cells_[index(metric)].add(n); }
    void subtract(Metric metric, std::uint64_t n = 1) noexcept {
        cells_[index(metric)].subtract(n);
    }
    std::uint64_t value(Metric metric) const noexcept { return cells_[index(metric)].value(); }

    void add(Reason reason) noexcept { reasons_[static_cast<std::size_t>(reason)].add(); }
    std::uint64_t value(Reason reason) const noexcept {
        return reasons_[static_cast<std::size_t>(reason)].value();
    }

private:
    static constexpr std::size_t index(Metric metric) noexcept {
        return static_cast<std::size_t>(metric);
    }

    std::array<Counter, static_cast<std::size_t>(Metric::count_)> cells_;
    std::array<Counter, reason_count> reasons_;
};

}  // namespace fairlead::metrics
