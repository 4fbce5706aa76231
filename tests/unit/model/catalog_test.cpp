#include "proxy/model/catalog.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fairlead::model;

namespace {

Origin from(SourceKind kind, std::string place) {
    return Origin{kind, std::move(place)};
}

EndpointSpec endpoint(SourceKind kind, std::uint16_t port, std::string identity) {
    EndpointSpec spec;
    spec.address = Address::tcp("127.0.0.1", port);
    spec.identity = std::move(identity);
    spec.origin = from(kind, "endpoint");
    return spec;
}

SourceState state(SourceKind kind) {
    SourceState made;
    made.kind = kind;
    return made;
}

void add_route(SourceState& to, std::string host, std::string path, std::string service) {
    to.routes.push_back(
        {std::move(host), std::move(path), std::move(service), from(to.kind, "route")});
}

void add_service(SourceState& to, std::string name, std::vector<EndpointSpec> endpoints,
                 std::optional<ServiceSettings> settings = {}) {
    to.services.push_back(
        {std::move(name), std::move(settings), std::move(endpoints), from(to.kind, "service")});
}

/// All that a catalog says once the sources have spoken.
struct Merged {
    std::vector<ServiceSpec> services;
    std::vector<RouteSpec> routes;
    std::vector<LosingRoute> losers;
    std::vector<RejectedEntry> rejected;
};

Merged everything(Catalog& catalog) {
    Merged all;
    const auto change = catalog.take();
    for (const auto& service : change.services) {
        if (service.spec) all.services.push_back(*service.spec);
    }
    for (const auto& place : change.places)
        all.routes.insert(all.routes.end(), place.routes.begin(), place.routes.end());
    all.losers = catalog.losers();
    all.rejected = catalog.rejected();
    CHECK(all.losers.size() == catalog.loser_count());
    CHECK(all.rejected.size() == catalog.rejected_count());
    return all;
}

Merged merge(const std::vector<const SourceState*>& states) {
    Catalog catalog;
    for (const auto* state : states) catalog.apply(whole_change(*state, "test"));
    return everything(catalog);
}

SourceItem item_with_route(std::string host, std::string service) {
    SourceItem item;
    item.routes.push_back(
        {std::move(host), "", std::move(service), from(SourceKind::store, "key")});
    return item;
}

SourceChange change_of(std::string name, std::optional<SourceItem> item) {
    SourceChange change;
    change.kind = SourceKind::store;
    change.items.push_back({std::move(name), std::move(item)});
    return change;
}

}  // namespace

TEST_CASE("the file's route wins over the store's, the store's over Docker's", "[model]") {
    auto file = state(SourceKind::file);
    auto store = state(SourceKind::store);
    auto docker = state(SourceKind::docker);
    add_route(file, "a.test", "", "of_file");
    add_route(store, "a.test", "", "of_store");
    add_route(store, "b.test", "", "of_store");
    add_route(docker, "a.test", "", "of_docker");
    add_route(docker, "b.test", "", "of_docker");

    const auto merged = merge({&file, &store, &docker});

    REQUIRE(merged.routes.size() == 2);
    CHECK(merged.routes[0].service == "of_file");
    CHECK(merged.routes[1].service == "of_store");
    REQUIRE(merged.losers.size() == 3);
    CHECK(merged.losers[0].why == "file: route names the same host and path");
}

TEST_CASE("two sources that name the same route for the same service agree", "[model]") {
    auto file = state(SourceKind::file);
    auto docker = state(SourceKind::docker);
    add_route(file, "a.test", "/x", "web");
    add_route(docker, "a.test", "/x", "web");
    const auto merged = merge({&file, &docker});
    CHECK(merged.routes.size() == 1);
    CHECK(merged.losers.empty());
}

TEST_CASE("routes whose conditions differ are no rivals; those with the same are", "[model]") {
    auto file = state(SourceKind::file);
    auto store = state(SourceKind::store);
    add_route(file, "a.test", "", "of_file");
    add_route(store, "a.test", "", "of_store");
    add_route(store, "a.test", "", "posts_of_store");
    add_route(file, "a.test", "", "puts_of_file");
    const auto conditions = [](const char* method) {
        fairlead::model::RouteConditions made;
        made.add_method(method);
        made.finish();
        return made;
    };
    store.routes[1].conditions = conditions("POST");
    file.routes[1].conditions = conditions("PUT");
    CHECK(merge({&file, &store}).routes.size() == 3);
    CHECK(merge({&file, &store}).losers.size() == 1);
    file.routes[1].conditions = conditions("POST");
    const auto merged = merge({&file, &store});
    REQUIRE(merged.routes.size() == 2);
    CHECK(merged.routes[0].service == "puts_of_file");
    REQUIRE(merged.losers.size() == 2);
    CHECK(merged.losers[1].why.ends_with("names the same host, path and conditions"));
}

TEST_CASE("a service that two sources name has the endpoints of both", "[model]") {
    auto file = state(SourceKind::file);
    auto docker = state(SourceKind::docker);
    add_service(file, "web", {endpoint(SourceKind::file, 1, "1")});
    add_service(docker, "web", {endpoint(SourceKind::docker, 2, "2")});
    const auto merged = merge({&file, &docker});
    REQUIRE(merged.services.size() == 1);
    CHECK(merged.services[0].endpoints.size() == 2);
}

TEST_CASE("an address that two sources name counts once, the first wins", "[model]") {
    auto file = state(SourceKind::file);
    auto docker = state(SourceKind::docker);
    add_service(file, "web", {endpoint(SourceKind::file, 1, "127.0.0.1:1")});
    add_service(docker, "web", {endpoint(SourceKind::docker, 1, "abc@1")});
    const auto merged = merge({&file, &docker});
    REQUIRE(merged.services[0].endpoints.size() == 1);
    CHECK(merged.services[0].endpoints[0].origin.source == SourceKind::file);
}

TEST_CASE("settings come from the first source that has any", "[model]") {
    auto file = state(SourceKind::file);
    auto store = state(SourceKind::store);
    auto docker = state(SourceKind::docker);
    ServiceSettings of_store;
    of_store.policy = "round_robin";
    ServiceSettings of_docker;
    of_docker.attempts = 9;
    add_service(file, "web", {});
    add_service(store, "web", {}, of_store);
    add_service(docker, "web", {}, of_docker);
    const auto merged = merge({&file, &store, &docker});
    CHECK(merged.services[0].settings == of_store);
}

TEST_CASE("what sources rejected is kept with its reason", "[model]") {
    auto file = state(SourceKind::file);
    auto docker = state(SourceKind::docker);
    file.rejected.push_back({from(SourceKind::file, "x"), "one"});
    docker.rejected.push_back({from(SourceKind::docker, "y"), "two"});
    const auto merged = merge({&file, &docker});
    REQUIRE(merged.rejected.size() == 2);
    CHECK(merged.rejected[1].why == "two");
}

TEST_CASE("two states are the same when only their cause's time differs", "[model]") {
    auto one = state(SourceKind::docker);
    add_route(one, "a.test", "", "web");
    auto other = one;
    other.caused_at = fairlead::WallTime::clock::now();
    CHECK(one.says_the_same_as(other));
    add_route(other, "b.test", "", "web");
    CHECK_FALSE(one.says_the_same_as(other));
}

TEST_CASE("the same state merged in any order of its services gives the same list", "[model]") {
    auto one = state(SourceKind::docker);
    add_service(one, "b", {});
    add_service(one, "a", {});
    const auto merged = merge({&one});
    CHECK(merged.services[0].name == "a");
    CHECK(merged.services[1].name == "b");
}

TEST_CASE("a change touches what it names and nothing else", "[model]") {
    Catalog catalog;
    CHECK(catalog.apply(change_of("a", item_with_route("a.test", "web"))));
    CHECK(catalog.apply(change_of("b", item_with_route("b.test", "web"))));
    CHECK(catalog.take().places.size() == 2);
    CHECK_FALSE(catalog.apply(change_of("b", item_with_route("b.test", "web"))));
    CHECK(catalog.take().places.empty());
    CHECK(catalog.apply(change_of("b", item_with_route("c.test", "web"))));
    const auto change = catalog.take();
    REQUIRE(change.places.size() == 2);
    CHECK(change.places[0].host == "b.test");
    CHECK(change.places[0].routes.empty());
    CHECK(change.places[1].host == "c.test");
    CHECK(change.places[1].routes.size() == 1);
    CHECK(catalog.apply(change_of("c", std::nullopt)) == false);
}

TEST_CASE("what a whole change does not name is gone", "[model]") {
    Catalog catalog;
    catalog.apply(change_of("a", item_with_route("a.test", "web")));
    catalog.apply(change_of("b", item_with_route("b.test", "web")));
    catalog.take();
    auto whole = change_of("b", item_with_route("b.test", "web"));
    whole.is_whole = true;
    CHECK(catalog.apply(whole));
    const auto change = catalog.take();
    REQUIRE(change.places.size() == 1);
    CHECK(change.places[0].host == "a.test");
    CHECK(change.places[0].routes.empty());
}

TEST_CASE("of two items that name one place the earlier name wins, whichever came first",
          "[model]") {
    Catalog catalog;
    catalog.apply(change_of("b", item_with_route("a.test", "late")));
    CHECK(everything(catalog).routes.at(0).service == "late");
    catalog.apply(change_of("a", item_with_route("a.test", "early")));
    const auto merged = everything(catalog);
    CHECK(merged.routes.at(0).service == "early");
    REQUIRE(merged.losers.size() == 1);
    catalog.apply(change_of("a", std::nullopt));
    CHECK(everything(catalog).routes.at(0).service == "late");
    CHECK(catalog.loser_count() == 0);
}

TEST_CASE("only what is newly rejected is told of", "[model]") {
    Catalog catalog;
    SourceItem bad;
    bad.rejected.push_back({from(SourceKind::store, "x"), "one"});
    catalog.apply(change_of("x", bad));
    CHECK(catalog.take().rejected.size() == 1);
    bad.rejected.push_back({from(SourceKind::store, "x"), "two"});
    catalog.apply(change_of("x", bad));
    const auto change = catalog.take();
    REQUIRE(change.rejected.size() == 1);
    CHECK(change.rejected[0].why == "two");
    CHECK(catalog.rejected_count() == 2);
}
