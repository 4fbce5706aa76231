#include "control/reconciler.hpp"

#include "control/change_records.hpp"
#include "proxy/balance/registry.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::control;
using model::SourceKind;

namespace {

/// A reconciler whose data plane is a list of what it was given.
struct Stage {
    aio::IoContext io{1};
    std::vector<model::SnapshotPtr> published;
    std::vector<std::function<void()>> installed;
    Reconciler reconciler{io, balance::make_policy, 1,
                          [this](model::SnapshotPtr snapshot, std::function<void()> done) {
                              published.push_back(std::move(snapshot));
                              installed.push_back(std::move(done));
                          }};

    void accept(model::SourceState state) {
        reconciler.accept(model::whole_change(std::move(state), "test"));
    }
    void turn() {
        io.restart();
        io.poll();
    }
};

model::EndpointSpec endpoint(std::uint16_t port) {
    model::EndpointSpec spec;
    spec.address = model::Address::tcp("127.0.0.1", port);
    spec.identity = to_string(spec.address);
    return spec;
}

model::SourceState state(SourceKind kind, std::string host, std::string service,
                         std::vector<model::EndpointSpec> endpoints) {
    model::SourceState made;
    made.kind = kind;
    const model::Origin origin{kind, "place"};
    made.routes.push_back({std::move(host), "", service, origin});
    made.services.push_back({std::move(service), {}, std::move(endpoints), origin});
    return made;
}

std::string service_of(const model::Snapshot& snapshot, std::string_view host) {
    const auto match = snapshot.match(host, "/");
    return match.route == nullptr ? "" : match.route->service;
}

}  // namespace

TEST_CASE("a state becomes a snapshot in the same turn of the loop", "[reconciler]") {
    Stage stage;
    CHECK(stage.reconciler.current()->version() == 0);
    stage.accept(state(SourceKind::file, "a.test", "web", {endpoint(1)}));
    stage.turn();
    REQUIRE(stage.published.size() == 1);
    CHECK(stage.published[0] == stage.reconciler.current());
    CHECK(service_of(*stage.published[0], "a.test") == "web");
}

TEST_CASE("states that arrive together make one snapshot", "[reconciler]") {
    Stage stage;
    stage.accept(state(SourceKind::docker, "a.test", "web", {endpoint(1)}));
    stage.accept(state(SourceKind::store, "b.test", "api", {endpoint(2)}));
    stage.accept(state(SourceKind::docker, "a.test", "web", {endpoint(3)}));
    stage.turn();
    REQUIRE(stage.published.size() == 1);
    CHECK(stage.published[0]->services().find("web")->endpoints[0].address.port == 3);
    CHECK(service_of(*stage.published[0], "b.test") == "api");
}

TEST_CASE("a state that says the same publishes nothing, but was heard", "[reconciler]") {
    Stage stage;
    const auto once = state(SourceKind::docker, "a.test", "web", {endpoint(1)});
    stage.accept(once);
    stage.turn();
    auto again = once;
    again.caused_at = std::chrono::system_clock::now();
    const auto heard_first = stage.reconciler.record(SourceKind::docker).last_heard;
    stage.accept(again);
    stage.turn();
    CHECK(stage.published.size() == 1);
    CHECK(stage.reconciler.record(SourceKind::docker).changes == 1);
    CHECK(stage.reconciler.record(SourceKind::docker).last_heard >= heard_first);
}

TEST_CASE("a source that says empty is believed", "[reconciler]") {
    Stage stage;
    stage.accept(state(SourceKind::docker, "a.test", "web", {endpoint(1)}));
    stage.turn();
    model::SourceState empty;
    empty.kind = SourceKind::docker;
    stage.accept(empty);
    stage.turn();
    CHECK(stage.published.back()->services().empty());
}

TEST_CASE("the file's route wins over the store's whichever came first", "[reconciler]") {
    Stage stage;
    stage.accept(state(SourceKind::store, "a.test", "of_store", {endpoint(1)}));
    stage.turn();
    stage.accept(state(SourceKind::file, "a.test", "of_file", {endpoint(2)}));
    stage.turn();
    CHECK(service_of(*stage.published.back(), "a.test") == "of_file");
    REQUIRE(stage.reconciler.catalog().losers().size() == 1);
    CHECK(stage.reconciler.catalog().losers()[0].route.service == "of_store");
}

TEST_CASE("an entry that no snapshot may hold is listed and everything else goes on",
          "[reconciler]") {
    Stage stage;
    auto bad = state(SourceKind::docker, "a.test", "web", {endpoint(1), endpoint(2), endpoint(3)});
    bad.services[0].endpoints[0].weight = 0;
    bad.services[0].endpoints[1].identity = "";
    bad.routes.push_back({"Not Normal", "", "web", {SourceKind::docker, "label"}});
    bad.routes.push_back({"b.test", "/x/", "web", {SourceKind::docker, "label"}});
    bad.services.push_back(
        {"odd", model::ServiceSettings(), {endpoint(4)}, {SourceKind::docker, "odd"}});
    bad.services[1].settings->policy = "astrology";
    stage.accept(bad);
    stage.turn();
    const auto& snapshot = *stage.published.at(0);
    CHECK(stage.reconciler.catalog().rejected().size() == 5);
    CHECK(snapshot.routes().size() == 1);
    CHECK(snapshot.services().find("web")->endpoints.size() == 1);
    CHECK(snapshot.services().find("odd")->settings.policy == "p2c");

    // Still listed when another source's change makes the next snapshot.
    stage.accept(state(SourceKind::file, "c.test", "else", {}));
    stage.turn();
    CHECK(stage.reconciler.catalog().rejected().size() == 5);
}

TEST_CASE("event to effective counts from the event until every worker has the snapshot",
          "[reconciler]") {
    Stage stage;
    auto told = state(SourceKind::docker, "a.test", "web", {endpoint(1)});
    told.caused_at = std::chrono::system_clock::now() - 3s;
    stage.accept(told);
    stage.turn();
    const auto& histogram = stage.reconciler.record(SourceKind::docker).event_to_effective;
    metrics::HistogramTotal before;
    before.add(histogram);
    CHECK(before.count() == 0);

    stage.installed.at(0)();
    metrics::HistogramTotal after;
    after.add(histogram);
    CHECK(after.count() == 1);
    CHECK(after.sum_us >= 3'000'000);
    CHECK(after.sum_us < 4'000'000);
    metrics::HistogramTotal other;
    other.add(stage.reconciler.record(SourceKind::file).event_to_effective);
    CHECK(other.count() == 0);
}

TEST_CASE("an event from the future counts as no time", "[reconciler]") {
    Stage stage;
    auto told = state(SourceKind::docker, "a.test", "web", {});
    told.caused_at = std::chrono::system_clock::now() + 1h;
    stage.accept(told);
    stage.turn();
    stage.installed.at(0)();
    metrics::HistogramTotal total;
    total.add(stage.reconciler.record(SourceKind::docker).event_to_effective);
    CHECK(total.count() == 1);
    CHECK(total.sum_us == 0);
}

TEST_CASE("installed may be called after the reconciler is gone", "[reconciler]") {
    std::function<void()> installed;
    aio::IoContext io{1};
    {
        Reconciler reconciler(
            io, balance::make_policy, 1,
            [&](model::SnapshotPtr, std::function<void()> done) { installed = std::move(done); });
        reconciler.accept(
            model::whole_change(state(SourceKind::file, "a.test", "web", {}), "test"));
        io.poll();
    }
    installed();
}

TEST_CASE("differences between two snapshots are counted", "[reconciler]") {
    Stage stage;
    auto first =
        state(SourceKind::docker, "a.test", "web", {endpoint(1), endpoint(2), endpoint(3)});
    first.services.push_back({"old", {}, {endpoint(9)}, {SourceKind::docker, "old"}});
    stage.accept(first);
    stage.turn();

    auto second = first;
    second.routes[0].host = "b.test";
    second.services.pop_back();
    second.services.push_back({"new", {}, {}, {SourceKind::docker, "new"}});
    auto& endpoints = second.services[0].endpoints;
    endpoints[0].admission = model::Admission::draining;
    endpoints[1].weight = 7;
    endpoints[2] = endpoint(4);
    second.services[0].settings.emplace();
    second.services[0].settings->attempts = 5;
    second.rejected.push_back({{SourceKind::docker, "x"}, "why"});
    stage.accept(second);
    stage.turn();

    ChangeCounts expected;
    expected.routes_added = 1;
    expected.routes_removed = 1;
    expected.services_added = 1;
    expected.services_removed = 1;
    expected.endpoints_added = 1;
    expected.endpoints_removed = 2;
    expected.endpoints_changed = 1;
    expected.admissions_changed = 1;
    expected.settings_changed = 1;
    expected.rejected_added = 1;
    model::Catalog catalog;
    catalog.apply(model::whole_change(first, "test"));
    catalog.take();
    catalog.apply(model::whole_change(second, "test"));
    const auto change = catalog.take();
    CHECK(compare(change, *stage.published[0], 100).counts == expected);
    CHECK(compare({}, *stage.published[1], 100).counts == ChangeCounts());
}
