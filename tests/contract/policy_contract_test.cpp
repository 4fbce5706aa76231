// What every balancing policy must do, run over every row of the registry.

#include "proxy/balance/registry.hpp"
#include "tests/unit/balance/endpoints.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::tests;

namespace {

const TimePoint now = TimePoint(1000s);

std::string any_policy() {
    std::vector<std::string> names;
    for (const auto& row : balance::policies()) names.emplace_back(row.name);
    return GENERATE_COPY(from_range(names));
}

model::PolicyPtr make(const std::string& name, const std::vector<model::Endpoint>& endpoints) {
    auto policy = balance::make_policy(name, endpoints);
    REQUIRE(policy.has_value());
    return std::move(*policy);
}

model::PickInput at_now() {
    model::PickInput input;
    input.now = now;
    return input;
}

}  // namespace

TEST_CASE("every policy picks nothing from no endpoints", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const std::vector<model::Endpoint> none;
    model::Cursor cursor;
    CHECK(make(name, none)->pick(at_now(), cursor) == nullptr);
}

TEST_CASE("every policy picks the only endpoint", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1});
    model::Cursor cursor;
    CHECK(picks_of(*make(name, endpoints), at_now(), cursor, 10).at(1) == 10);
}

TEST_CASE("every policy uses every endpoint", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 2, 3, 10});
    model::Cursor cursor;
    CHECK(picks_of(*make(name, endpoints), at_now(), cursor, 2000).size() == 4);
}

TEST_CASE("every policy passes over what is not ready", "[contract][balance]") {
    const auto name = any_policy();
    const auto admission = GENERATE(model::Admission::starting, model::Admission::unhealthy,
                                    model::Admission::paused, model::Admission::draining);
    CAPTURE(name, to_string(admission));
    const auto endpoints = endpoints_of({1, 1, 1});
    const auto policy = make(name, endpoints);
    endpoints[0].state->set_admission(admission);
    endpoints[2].state->set_admission(admission);
    model::Cursor cursor;
    CHECK(picks_of(*policy, at_now(), cursor, 50).at(2) == 50);
    endpoints[1].state->set_admission(admission);
    CHECK(policy->pick(at_now(), cursor) == nullptr);
}

TEST_CASE("every policy passes over the ejected, until they may return", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 1});
    const auto policy = make(name, endpoints);
    endpoints[0].state->eject_until(now + 5s, Reason::connect_refused);
    model::Cursor cursor;
    CHECK(picks_of(*policy, at_now(), cursor, 50).at(2) == 50);
    auto later = at_now();
    later.now = now + 6s;
    CHECK(picks_of(*policy, later, cursor, 200).count(1) == 1);
}

TEST_CASE("every policy picks an ejected endpoint when it is told to", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 1});
    const auto policy = make(name, endpoints);
    for (const auto& endpoint : endpoints)
        endpoint.state->eject_until(now + 5s, Reason::connect_refused);
    model::Cursor cursor;
    auto input = at_now();
    CHECK(policy->pick(input, cursor) == nullptr);
    input.ignore_ejections = true;
    CHECK(policy->pick(input, cursor) != nullptr);
}

TEST_CASE("every policy avoids the endpoint that just failed", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 100});
    const auto policy = make(name, endpoints);
    auto input = at_now();
    input.avoid = endpoints[1].state.get();
    model::Cursor cursor;
    CHECK(picks_of(*policy, input, cursor, 50).at(1) == 50);
}

TEST_CASE("every policy prefers the heavier endpoint", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 4});
    model::Cursor cursor;
    const auto counts = picks_of(*make(name, endpoints), at_now(), cursor, 1000);
    CHECK(counts.at(2) > 600);
}

TEST_CASE("every policy survives a cursor from any earlier snapshot", "[contract][balance]") {
    const auto name = any_policy();
    CAPTURE(name);
    const auto endpoints = endpoints_of({1, 1});
    model::Cursor cursor;
    cursor.position = GENERATE(0u, 17u, 0xFFFFFFFFu);
    const auto policy = make(name, endpoints);
    CHECK(picks_of(*policy, at_now(), cursor, 10).count(0) == 0);
}

TEST_CASE("a name that is no policy is refused with the names there are", "[contract][balance]") {
    const auto refused = balance::check_policy_name("astrology");
    REQUIRE_FALSE(refused.has_value());
    for (const auto& row : balance::policies()) {
        CHECK_THAT(refused.error().text(), Catch::Contains(std::string(row.name)));
    }
}
