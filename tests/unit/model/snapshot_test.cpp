#include "proxy/model/snapshot.hpp"

#include "proxy/balance/registry.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::model;

namespace {

const TimePoint now = TimePoint(1000s);

EndpointSpec endpoint(std::uint16_t port, std::string identity = {}) {
    EndpointSpec spec;
    spec.address = Address::tcp("127.0.0.1", port);
    spec.identity = identity.empty() ? to_string(spec.address) : std::move(identity);
    return spec;
}

ServiceSpec service(std::string name, std::vector<EndpointSpec> endpoints) {
    ServiceSpec spec;
    spec.name = std::move(name);
    spec.endpoints = std::move(endpoints);
    return spec;
}

SourceState desired(std::vector<ServiceSpec> services) {
    SourceState state;
    for (const auto& one : services) {
        RouteSpec route;
        route.host = one.name + ".test";
        route.service = one.name;
        state.routes.push_back(route);
    }
    state.services = std::move(services);
    return state;
}

const Service& service_of(const SnapshotPtr& snapshot, const std::string& name) {
    return *snapshot->services().find(name);
}

/// A compiler whose one source says something else each time.
class Compiler {
public:
    explicit Compiler(std::size_t workers) : compiler_(balance::make_policy, workers) {}

    SnapshotPtr compile(SourceState state, TimePoint at) {
        catalog_.apply(whole_change(std::move(state), "test"));
        return compiler_.compile(catalog_.take(), at);
    }

private:
    Catalog catalog_;
    SnapshotCompiler compiler_;
};

}  // namespace

TEST_CASE("the first snapshot is empty and has version 0", "[model]") {
    const SnapshotCompiler compiler(balance::make_policy, 1);
    CHECK(compiler.current()->version() == 0);
    CHECK(compiler.current()->match("any.test", "/").route == nullptr);
}

TEST_CASE("each snapshot has a greater version", "[model]") {
    Compiler compiler(1);
    CHECK(compiler.compile(desired({}), now)->version() == 1);
    CHECK(compiler.compile(desired({}), now)->version() == 2);
}

TEST_CASE("a route finds its service", "[model]") {
    Compiler compiler(1);
    const auto snapshot = compiler.compile(desired({service("web", {endpoint(1)})}), now);
    const auto match = snapshot->match("web.test", "/x");
    REQUIRE(match.service != nullptr);
    CHECK(match.service->spec.name == "web");
}

TEST_CASE("a route to a service that no source defines is a route without a service", "[model]") {
    Compiler compiler(1);
    auto state = desired({service("web", {})});
    state.services.clear();
    const auto match = compiler.compile(state, now)->match("web.test", "/");
    CHECK(match.route != nullptr);
    CHECK(match.service == nullptr);
}

TEST_CASE("services and routes that a change does not touch are shared with the snapshot before",
          "[model]") {
    Compiler compiler(1);
    const auto first =
        compiler.compile(desired({service("a", {endpoint(1)}), service("b", {endpoint(2)})}), now);
    const auto second = compiler.compile(
        desired({service("a", {endpoint(1)}), service("b", {endpoint(2), endpoint(3)})}), now);
    CHECK(first->services().find("a") == second->services().find("a"));
    CHECK(first->services().find("b") != second->services().find("b"));
    CHECK(first->routes().at("a.test", "") == second->routes().at("a.test", ""));
}

TEST_CASE("an endpoint keeps its state as long as its identity lives", "[model]") {
    Compiler compiler(1);
    const auto first = compiler.compile(desired({service("web", {endpoint(1)})}), now);
    service_of(first, "web").endpoints[0].state->begin_request();
    const auto second =
        compiler.compile(desired({service("web", {endpoint(2), endpoint(1)})}), now);
    const auto& kept = service_of(second, "web").endpoints[1];
    CHECK(kept.state == service_of(first, "web").endpoints[0].state);
    CHECK(kept.state->in_flight() == 1);
    CHECK_FALSE(kept.state->is_gone());
}

TEST_CASE("a recycled port with a new identity gets a fresh state", "[model]") {
    Compiler compiler(1);
    const auto first =
        compiler.compile(desired({service("web", {endpoint(1, "container-a@1")})}), now);
    const auto old = service_of(first, "web").endpoints[0].state;
    old->begin_request();
    const auto second =
        compiler.compile(desired({service("web", {endpoint(1, "container-b@2")})}), now);
    const auto& fresh = service_of(second, "web").endpoints[0];
    CHECK(fresh.state != old);
    CHECK(fresh.state->in_flight() == 0);
    CHECK(old->is_gone());
}

TEST_CASE("an endpoint that begins to drain may finish within the service's drain time",
          "[model]") {
    Compiler compiler(1);
    auto spec = service("web", {endpoint(1)});
    const auto state = service_of(compiler.compile(desired({spec}), now), "web").endpoints[0].state;
    CHECK(state->takes_requests(now));
    CHECK(state->cut_at() == TimePoint::max());

    spec.endpoints[0].admission = Admission::draining;
    compiler.compile(desired({spec}), now);
    CHECK_FALSE(state->takes_requests(now));
    CHECK(state->cut_at() == now + 30s);

    // A later snapshot does not give it more time.
    spec.endpoints.push_back(endpoint(2));
    compiler.compile(desired({spec}), now + 10s);
    CHECK(state->cut_at() == now + 30s);
}

TEST_CASE("an endpoint that comes back from draining takes requests again, forgiven", "[model]") {
    Compiler compiler(1);
    auto spec = service("web", {endpoint(1)});
    spec.endpoints[0].admission = Admission::draining;
    const auto state = service_of(compiler.compile(desired({spec}), now), "web").endpoints[0].state;
    state->eject_until(now + 60s, Reason::connect_refused);
    spec.endpoints[0].admission = Admission::ready;
    compiler.compile(desired({spec}), now);
    CHECK(state->takes_requests(now));
    CHECK(state->cut_at() == TimePoint::max());
}

TEST_CASE("an endpoint or a service that no source names any more is gone", "[model]") {
    Compiler compiler(1);
    const auto first =
        compiler.compile(desired({service("a", {endpoint(1)}), service("b", {endpoint(2)})}), now);
    compiler.compile(desired({service("a", {})}), now);
    for (const auto* name : {"a", "b"}) {
        const auto& state = *service_of(first, name).endpoints[0].state;
        CHECK(state.is_gone());
        CHECK(state.cut_at() == now + 30s);
    }
}

TEST_CASE("an endpoint that returns under its identity while requests still run is not gone",
          "[model]") {
    Compiler compiler(1);
    const auto first = compiler.compile(desired({service("a", {endpoint(1)})}), now);
    compiler.compile(desired({service("a", {})}), now);
    const auto third = compiler.compile(desired({service("a", {endpoint(1)})}), now);
    const auto& state = service_of(third, "a").endpoints[0].state;
    CHECK(state == service_of(first, "a").endpoints[0].state);
    CHECK_FALSE(state->is_gone());
    CHECK(state->cut_at() == TimePoint::max());
}

TEST_CASE("an ejection survives changes elsewhere", "[model]") {
    Compiler compiler(1);
    const auto first = compiler.compile(desired({service("a", {endpoint(1)})}), now);
    service_of(first, "a").endpoints[0].state->eject_until(now + 5s, Reason::connect_refused);
    const auto second = compiler.compile(desired({service("a", {endpoint(1), endpoint(2)})}), now);
    CHECK(service_of(second, "a").endpoints[0].state->is_ejected(now));
}

TEST_CASE("a service's counters live as long as its name does", "[model]") {
    Compiler compiler(2);
    const auto first = compiler.compile(desired({service("web", {endpoint(1)})}), now);
    service_of(first, "web").state->cell(1).by_status_class[2].add(3);
    const auto second = compiler.compile(desired({service("web", {endpoint(2)})}), now);
    CHECK(service_of(second, "web").state->cell(1).by_status_class[2].value() == 3);
}
