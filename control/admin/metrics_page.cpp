#include "control/admin/metrics_page.hpp"

#include "control/admin/admin_views.hpp"
#include "control/version.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>
#include <utility>

namespace fairlead::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array<std::string_view, 6> status_classes = {"none", "1xx", "2xx",
                                                            "3xx",  "4xx", "5xx"};
constexpr std::array<std::string_view, 6> endpoint_states = {"ready",  "starting", "unhealthy",
                                                             "paused", "draining", "ejected"};

ClientMetric::Label label(std::string_view name, std::string_view value) {
    ClientMetric::Label made;
    made.name = name;
    made.value = value;
    return made;
}

double seconds(WallTime::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

MetricFamily family(MetricType type, std::string_view name, std::string_view help) {
    MetricFamily made;
    made.name = name;
    made.help = help;
    made.type = type;
    return made;
}

void add(MetricFamily& to, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (to.type == MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    to.metric.push_back(std::move(metric));
}

void add(MetricFamily& to, const metrics::HistogramTotal& total, Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < metrics::Histogram::bounds.size(); ++i) {
        cumulative += total.buckets[i];
        ClientMetric::Bucket bucket;
        bucket.cumulative_count = cumulative;
        bucket.upper_bound = std::chrono::duration<double>(metrics::Histogram::bounds[i]).count();
        metric.histogram.bucket.push_back(bucket);
    }
    metric.histogram.sample_count = total.count();
    metric.histogram.sample_sum = static_cast<double>(total.sum_us) / 1e6;
    to.metric.push_back(std::move(metric));
}

void add_process(std::vector<MetricFamily>& page, const MetricsInput& input) {
    auto info = family(MetricType::Gauge, "fairlead_build_info", "1; the label says which version");
    add(info, 1, {label("version", version())});
    page.push_back(std::move(info));
    auto start = family(MetricType::Gauge, "process_start_time_seconds",
                        "When the process started, in seconds since 1970");
    add(start, seconds(input.started.time_since_epoch()));
    page.push_back(std::move(start));
    auto version_now = family(MetricType::Gauge, "fairlead_snapshot_version",
                              "Number of the newest snapshot: grows by one with each change");
    add(version_now, static_cast<double>(input.snapshot->version()));
    page.push_back(std::move(version_now));
}

void add_catalog(std::vector<MetricFamily>& page, const MetricsInput& input) {
    for (const auto& row : metrics::catalog) {
        const auto type =
            row.kind == metrics::MetricKind::counter ? MetricType::Counter : MetricType::Gauge;
        auto rows = family(type, row.name, row.help);
        add(rows, static_cast<double>(input.metric(row.id)));
        page.push_back(std::move(rows));
    }
    auto reasons = family(MetricType::Counter, "fairlead_reasons_total",
                          "Answers made by Fairlead itself, and failed attempts, by reason");
    for (std::size_t i = 1; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        add(reasons, static_cast<double>(input.reason(reason)),
            {label("reason", to_string(reason))});
    }
    page.push_back(std::move(reasons));
}

void add_services(std::vector<MetricFamily>& page, const MetricsInput& input) {
    auto requests = family(MetricType::Counter, "fairlead_requests_total",
                           "Requests by service and class of the answer's status");
    auto latency = family(MetricType::Histogram, "fairlead_request_duration_seconds",
                          "From the end of a request's head to the end of its answer");
    auto endpoints = family(MetricType::Gauge, "fairlead_endpoints",
                            "Endpoints by service and state; only ready ones take requests");
    auto in_flight = family(MetricType::Gauge, "fairlead_service_requests_in_flight",
                            "Requests that the service's endpoints are working on");
    for (const auto* const service : input.snapshot->services().sorted()) {
        const auto of_service = label("service", service->spec.name);
        metrics::HistogramTotal took;
        std::array<std::uint64_t, status_classes.size()> by_class = {};
        for (const auto& cell : service->state->cells()) {
            took.add(cell.latency);
            for (std::size_t i = 0; i < by_class.size(); ++i) {
                by_class[i] += cell.by_status_class[i].value();
            }
        }
        for (std::size_t i = 0; i < by_class.size(); ++i) {
            add(requests, static_cast<double>(by_class[i]),
                {of_service, label("class", status_classes[i])});
        }
        add(latency, took, {of_service});

        std::array<std::size_t, endpoint_states.size()> by_state = {};
        std::uint64_t busy = 0;
        for (const auto& endpoint : service->endpoints) {
            const auto state = endpoint_state_name(endpoint, input.now);
            for (std::size_t i = 0; i < by_state.size(); ++i) {
                if (state == endpoint_states[i]) ++by_state[i];
            }
            busy += endpoint.state->in_flight();
        }
        for (std::size_t i = 0; i < by_state.size(); ++i) {
            add(endpoints, static_cast<double>(by_state[i]),
                {of_service, label("state", endpoint_states[i])});
        }
        add(in_flight, static_cast<double>(busy), {of_service});
    }
    for (auto* rows : {&requests, &latency, &endpoints, &in_flight}) {
        if (!rows->metric.empty()) page.push_back(std::move(*rows));
    }
}

void add_sources(std::vector<MetricFamily>& page, const MetricsInput& input) {
    auto connected = family(MetricType::Gauge, "fairlead_source_connected",
                            "1 while the source reaches what it watches");
    auto age = family(MetricType::Gauge, "fairlead_source_age_seconds",
                      "Seconds since the source last said what it knows");
    auto config_age = family(MetricType::Gauge, "fairlead_config_age_seconds",
                             "Seconds since what is served of the source was known to be true; 0 "
                             "while it is connected");
    auto held_back = family(MetricType::Gauge, "fairlead_held_back_entries",
                            "Entries of the source that were lost at once and are still served");
    auto changes = family(MetricType::Counter, "fairlead_source_changes_total",
                          "States of the source that differed from the one before");
    auto effective = family(MetricType::Histogram, "fairlead_event_to_effective_seconds",
                            "From the event a change tells of until every worker serves by it");
    for (const auto& source : input.sources) {
        const auto of_source = label("source", to_string(source.kind));
        add(connected, source.is_connected ? 1 : 0, {of_source});
        if (source.last_heard) {
            add(age, seconds(input.wall_now - *source.last_heard), {of_source});
        }
        if (source.config_age) add(config_age, *source.config_age, {of_source});
        add(held_back, static_cast<double>(source.held_back), {of_source});
        add(changes, static_cast<double>(source.changes), {of_source});
        add(effective, source.event_to_effective, {of_source});
    }
    for (auto* rows : {&connected, &age, &config_age, &held_back, &changes, &effective}) {
        if (!rows->metric.empty()) page.push_back(std::move(*rows));
    }
    auto rejected = family(MetricType::Gauge, "fairlead_rejected_entries",
                           "Entries of the sources that cannot be used; /services says why");
    add(rejected, static_cast<double>(input.rejected));
    page.push_back(std::move(rejected));
}

}  // namespace

std::string metrics_page(const MetricsInput& input) {
    std::vector<MetricFamily> page;
    add_process(page, input);
    add_catalog(page, input);
    add_services(page, input);
    add_sources(page, input);
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, page);
    return std::move(out).str();
}

}  // namespace fairlead::control
