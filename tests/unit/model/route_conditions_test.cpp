// Which of several routes of one host and path a request gets, against the rule written naively.
#include "proxy/base/random.hpp"
#include "proxy/model/route_table.hpp"
#include "tests/unit/model/table_of.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::model;

namespace {

using Headers = std::multimap<std::string, std::string>;

struct Request {
    std::string host, path, method, query;
    Headers headers;

    RequestFacts facts() const {
        RequestFacts facts;
        facts.method = method;
        facts.query = query;
        facts.head = &headers;
        facts.any_field = [](const void* head, const ValueCondition& condition) {
            const auto [from, to] = static_cast<const Headers*>(head)->equal_range(condition.name);
            return std::any_of(from, to,
                               [&](const auto& item) { return condition.holds(item.second); });
        };
        return facts;
    }
};

RouteSpec route(std::string host, std::string path, std::string service,
                RouteConditions conditions = {}) {
    RouteSpec spec;
    spec.host = std::move(host);
    spec.path = std::move(path);
    spec.service = std::move(service);
    conditions.finish();
    if (!conditions.empty()) spec.conditions = std::move(conditions);
    return spec;
}

std::string found(const RouteTable& table, const Request& request) {
    const auto facts = request.facts();
    const auto* const entry = table.find(request.host, request.path, &facts);
    return entry == nullptr ? "" : entry->route.service;
}

/// The rule: of all routes that hold, the longest path, then the order of asking.
std::string naively(const std::vector<RouteSpec>& routes, const Request& request) {
    const RouteSpec* best = nullptr;
    for (const auto& route : routes) {
        const bool on_path = route.path.empty() || request.path == route.path ||
                             request.path.starts_with(route.path + "/");
        const bool holds = !route.conditions || route.conditions->hold(request.facts());
        if (route.host != request.host || !on_path || !holds) continue;
        const auto length = [](const RouteSpec& spec) { return spec.path.size(); };
        if (best == nullptr || length(route) > length(*best) ||
            (length(route) == length(*best) && is_asked_first(route, *best))) {
            best = &route;
        }
    }
    return best == nullptr ? "" : best->service;
}

}  // namespace

TEST_CASE("conditions are one whatever order they are written in", "[model][conditions]") {
    RouteConditions one;
    one.add_method("PUT");
    one.add_method("GET");
    one.add_header(parse_value_condition("x-b", "*"));
    one.add_header(parse_value_condition("x-a", "2*"));
    one.add_query(parse_value_condition("q", ""));
    one.finish();
    CHECK(one.text() == "GET, PUT; header x-a=2*; header x-b; query q=");
    RouteConditions other;
    other.add_query(parse_value_condition("q", ""));
    other.add_header(parse_value_condition("x-a", "2*"));
    other.add_header(parse_value_condition("x-b", "*"));
    other.add_method("GET");
    other.add_method("PUT");
    other.add_method("GET");
    other.finish();
    CHECK(one == other);
    CHECK(one.count() == 4);
}

TEST_CASE("query parameters are compared as they are sent", "[model][conditions]") {
    RouteConditions conditions;
    conditions.add_query(parse_value_condition("a", "1"));
    conditions.finish();
    const auto holds = [&](const std::string& query) {
        Request request;
        request.query = query;
        return conditions.hold(request.facts());
    };
    CHECK(holds("a=1"));
    CHECK(holds("x&a=2&a=1&y"));
    CHECK_FALSE(holds(""));
    CHECK_FALSE(holds("a"));
    CHECK_FALSE(holds("a=10"));
    CHECK_FALSE(holds("aa=1"));
    CHECK_FALSE(holds("A=1"));
    CHECK_FALSE(holds("a=%31"));
}

TEST_CASE(
    "a path none of whose conditions hold leaves the request to shorter paths and other hosts",
    "[model][conditions]") {
    RouteConditions post;
    post.add_method("POST");
    const RouteTable table =
        test::table_of({route("h", "/a/b", "deep", post), route("h", "/a", "short"),
                        route("only", "", "exact", post), route("*", "", "any")});
    Request request{"h", "/a/b", "POST", "", {}};
    CHECK(found(table, request) == "deep");
    request.method = "GET";
    CHECK(found(table, request) == "short");
    request.host = "only";
    CHECK(found(table, request) == "any");
    // Where nothing is known of the request no condition holds.
    CHECK(table.find("only", "/")->route.service == "any");
}

TEST_CASE("the route found is the one that the rule names", "[model][conditions][property]") {
    Random random(20240607);
    const std::vector<std::string> paths = {"", "/a", "/a/b", "/b"};
    const std::vector<std::string> methods = {"GET", "POST", "PUT"};
    const std::vector<std::string> values = {"1", "12", "2"};
    const std::vector<std::string> wanted = {"1", "1*", "*", "2"};
    const auto any_of = [&](const std::vector<std::string>& list) {
        return list[random.below(static_cast<std::uint32_t>(list.size()))];
    };
    for (int round = 0; round < 300; ++round) {
        std::map<std::string, RouteSpec> unique;
        for (std::uint32_t i = random.below(12); i > 0; --i) {
            RouteConditions conditions;
            for (auto n = random.below(3); n > 0; --n) conditions.add_method(any_of(methods));
            if (random.below(2) == 0)
                conditions.add_header(parse_value_condition("x-a", any_of(wanted)));
            if (random.below(3) == 0)
                conditions.add_header(parse_value_condition("x-b", any_of(wanted)));
            if (random.below(3) == 0)
                conditions.add_query(parse_value_condition("q", any_of(wanted)));
            auto spec = route("h", any_of(paths), std::to_string(i), conditions);
            unique.try_emplace(spec.path + " " + conditions_text(spec), spec);
        }
        std::vector<RouteSpec> routes;
        for (const auto& [key, spec] : unique) routes.push_back(spec);
        for (auto i = routes.size(); i > 1; --i)
            std::swap(routes[i - 1], routes[random.below(static_cast<std::uint32_t>(i))]);
        const RouteTable table = test::table_of(routes);
        for (int i = 0; i < 30; ++i) {
            Request request{
                "h", any_of({"/", "/a", "/a/b/c", "/b/x", "/c"}), any_of(methods), "", {}};
            for (auto n = random.below(3); n > 0; --n)
                request.headers.emplace("x-a", any_of(values));
            if (random.below(2) == 0) request.headers.emplace("x-b", any_of(values));
            if (random.below(2) == 0) request.query = "q=" + any_of(values);
            REQUIRE(found(table, request) == naively(routes, request));
        }
    }
}
