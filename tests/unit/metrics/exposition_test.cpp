#include "control/admin/metrics_page.hpp"
#include "proxy/balance/registry.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using namespace fairlead;

namespace {

/// One service with three endpoints, one of them ejected, and what worker 0 counted for it.
control::MetricsInput input_with_one_service() {
    model::CatalogChange change;
    model::ServiceSpec service;
    service.name = "web \"1\"";
    for (std::uint16_t port = 1; port <= 3; ++port) {
        model::EndpointSpec endpoint;
        endpoint.address = model::Address::tcp("127.0.0.1", port);
        endpoint.identity = to_string(endpoint.address);
        service.endpoints.push_back(endpoint);
    }
    change.services.push_back({service.name, service});
    model::SnapshotCompiler compiler(balance::make_policy, 2);

    control::MetricsInput input;
    input.now = TimePoint(1000s);
    input.snapshot = compiler.compile(change, input.now);
    const auto& compiled = *input.snapshot->services().sorted().front();
    compiled.endpoints[0].state->eject_until(input.now + 5s, Reason::connect_refused);
    compiled.endpoints[1].state->begin_request();
    compiled.state->cell(0).by_status_class[2].add(7);
    compiled.state->cell(1).by_status_class[2].add(1);
    compiled.state->cell(0).latency.observe(3ms);
    compiled.state->cell(1).latency.observe(40ms);

    input.metric = [](metrics::Metric metric) { return static_cast<std::uint64_t>(metric) + 100; };
    input.reason = [](Reason reason) { return reason == Reason::no_route ? 5u : 0u; };
    input.started = WallTime(1700000000s);
    input.wall_now = WallTime(1700000100s);
    control::SourceFacts docker;
    docker.kind = model::SourceKind::docker;
    docker.is_connected = true;
    docker.last_heard = input.wall_now - 4s;
    docker.config_age = 3.5;
    input.sources.push_back(docker);
    return input;
}

std::set<std::string> names_in(const std::string& page) {
    std::set<std::string> names;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("# TYPE ")) continue;
        names.insert(line.substr(7, line.find(' ', 7) - 7));
    }
    return names;
}

}  // namespace

TEST_CASE("every row of the catalogue is exposed with its value", "[metrics]") {
    const auto page = control::metrics_page(input_with_one_service());
    for (const auto& row : metrics::catalog) {
        const auto value = std::to_string(static_cast<std::uint64_t>(row.id) + 100);
        CHECK_THAT(page, Catch::Contains("\n" + std::string(row.name) + " " + value + "\n"));
    }
}

TEST_CASE("requests and latencies of all workers are added up by service", "[metrics]") {
    const auto page = control::metrics_page(input_with_one_service());
    CHECK_THAT(page, Catch::Contains(
                         "fairlead_requests_total{service=\"web \\\"1\\\"\",class=\"2xx\"} 8\n"));
    CHECK_THAT(page, Catch::Contains(
                         "fairlead_request_duration_seconds_count{service=\"web \\\"1\\\"\"} 2\n"));
    CHECK_THAT(page, Catch::Contains(",le=\"0.005\"} 1\n"));
    CHECK_THAT(page, Catch::Contains(",le=\"0.05\"} 2\n"));
    CHECK_THAT(page, Catch::Contains(",le=\"+Inf\"} 2\n"));
}

TEST_CASE("endpoints are counted by service and state", "[metrics]") {
    const auto page = control::metrics_page(input_with_one_service());
    CHECK_THAT(page, Catch::Contains("state=\"ready\"} 2\n"));
    CHECK_THAT(page, Catch::Contains("state=\"ejected\"} 1\n"));
    CHECK_THAT(page, Catch::Contains(
                         "fairlead_service_requests_in_flight{service=\"web \\\"1\\\"\"} 1\n"));
}

TEST_CASE("reasons, sources and the snapshot's version are exposed", "[metrics]") {
    const auto page = control::metrics_page(input_with_one_service());
    CHECK_THAT(page, Catch::Contains("fairlead_reasons_total{reason=\"no_route\"} 5\n"));
    CHECK_THAT(page, Catch::Contains("fairlead_source_connected{source=\"docker\"} 1\n"));
    CHECK_THAT(page, Catch::Contains("fairlead_source_age_seconds{source=\"docker\"} 4\n"));
    CHECK_THAT(page, Catch::Contains("fairlead_snapshot_version 1\n"));
    CHECK_THAT(page, Catch::Contains("process_start_time_seconds 1700000000\n"));
}

TEST_CASE("docs/metrics.md lists every metric there is", "[metrics][docs]") {
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/metrics.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (const auto& name : names_in(control::metrics_page(input_with_one_service()))) {
        CAPTURE(name);
        CHECK(text.find("| `" + name + "` |") != std::string::npos);
    }
}

TEST_CASE("docs/metrics.md lists no metric that is gone", "[metrics][docs]") {
    const auto names = names_in(control::metrics_page(input_with_one_service()));
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/metrics.md");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `")) continue;
        const auto name = line.substr(3, line.find('`', 3) - 3);
        CAPTURE(name);
        CHECK(names.contains(name));
    }
}
