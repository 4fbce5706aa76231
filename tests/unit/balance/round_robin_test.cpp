#include "proxy/balance/round_robin.hpp"

#include "tests/unit/balance/endpoints.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace fairlead;
using namespace fairlead::tests;

TEST_CASE("round robin gives each endpoint its turn in order", "[balance]") {
    const auto endpoints = endpoints_of({1, 1, 1});
    const auto policy = balance::make_round_robin(endpoints);
    model::Cursor cursor;
    std::vector<int> ports;
    for (int i = 0; i < 6; ++i) ports.push_back(policy->pick({}, cursor)->address.port);
    CHECK(ports == std::vector<int>{1, 2, 3, 1, 2, 3});
}

TEST_CASE("round robin follows the weights exactly over whole rounds", "[balance]") {
    const auto endpoints = endpoints_of({5, 1, 2});
    const auto policy = balance::make_round_robin(endpoints);
    model::Cursor cursor;
    const auto counts = picks_of(*policy, {}, cursor, 80);
    CHECK(counts == std::map<int, int>{{1, 50}, {2, 10}, {3, 20}});
}

TEST_CASE("round robin passes over an endpoint that takes no requests", "[balance]") {
    const auto endpoints = endpoints_of({1, 1, 1});
    const auto policy = balance::make_round_robin(endpoints);
    endpoints[1].state->set_admission(model::Admission::draining);
    model::Cursor cursor;
    const auto counts = picks_of(*policy, {}, cursor, 30);
    CHECK(counts.count(2) == 0);
    CHECK(counts.at(1) + counts.at(3) == 30);
}

TEST_CASE("where all are ejected each of them still gets its turn", "[balance]") {
    const auto endpoints = endpoints_of({1, 1});
    const auto policy = balance::make_round_robin(endpoints);
    model::PickInput input;
    input.now = TimePoint(1000s);
    for (const auto& endpoint : endpoints)
        endpoint.state->eject_until(input.now + 5s, Reason::connect_refused);
    model::Cursor cursor;
    std::map<int, int> counts;
    for (int i = 0; i < 10; ++i)
        ++counts[model::pick_endpoint(*policy, input, cursor)->address.port];
    CHECK(counts == std::map<int, int>{{1, 5}, {2, 5}});
}
