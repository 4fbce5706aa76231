// /metrics: everything Fairlead counts, in Prometheus' text format (prometheus-cpp writes it).
//
// Labels come from configuration (service, source) or from fixed lists (state, class, reason),
// never from a request. docs/metrics.md lists every name.
//
// Threads: control; the counters behind it are read while workers write them.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/base/failure.hpp"
#include "proxy/metrics/counters.hpp"
#include "proxy/metrics/histogram.hpp"
#include "proxy/model/snapshot.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// What is told about one source.
struct SourceFacts {
    model::SourceKind kind = model::SourceKind::file;
    bool is_connected = false;
    std::string detail;
    std::optional<WallTime> last_heard;
    std::uint64_t changes = 0;
    std::optional<double> config_age;  // seconds; none: it has said nothing
    std::size_t held_back = 0;
    metrics::HistogramTotal event_to_effective;
};

struct MetricsInput {
    std::function<std::uint64_t(metrics::Metric)> metric;
    std::function<std::uint64_t(Reason)> reason;
    model::SnapshotPtr snapshot;
    std::size_t rejected = 0;  // entries
    std::vector<SourceFacts> sources;
    WallTime started;
    WallTime wall_now;
    TimePoint now;
};

std::string metrics_page(const MetricsInput& input);

}  // namespace fairlead::control
