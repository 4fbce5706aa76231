#include "proxy/balance/p2c.hpp"

#include "tests/unit/balance/endpoints.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::tests;

namespace {

model::Cursor cursor_with_seed(std::uint64_t seed) {
    model::Cursor cursor;
    cursor.random = Random(seed);
    return cursor;
}

void begin_requests(const model::Endpoint& endpoint, int count) {
    for (int i = 0; i < count; ++i) endpoint.state->begin_request();
}

}  // namespace

TEST_CASE("p2c picks the less loaded of two", "[balance]") {
    const auto endpoints = endpoints_of({1, 1});
    begin_requests(endpoints[0], 3);
    auto cursor = cursor_with_seed(7);
    const auto counts = picks_of(*balance::make_p2c(endpoints), {}, cursor, 100);
    CHECK(counts == std::map<int, int>{{2, 100}});
}

TEST_CASE("p2c never picks the most loaded of many", "[balance]") {
    const auto endpoints = endpoints_of({1, 1, 1, 1});
    begin_requests(endpoints[2], 10);
    auto cursor = cursor_with_seed(7);
    CHECK(picks_of(*balance::make_p2c(endpoints), {}, cursor, 1000).count(3) == 0);
}

TEST_CASE("p2c spreads evenly over idle endpoints", "[balance]") {
    const auto endpoints = endpoints_of({1, 1, 1, 1});
    auto cursor = cursor_with_seed(42);
    const auto counts = picks_of(*balance::make_p2c(endpoints), {}, cursor, 4000);
    for (int port = 1; port <= 4; ++port) {
        CAPTURE(port);
        CHECK(counts.at(port) > 850);
        CHECK(counts.at(port) < 1150);
    }
}

TEST_CASE("p2c compares load in proportion to weight", "[balance]") {
    const auto endpoints = endpoints_of({3, 1});
    begin_requests(endpoints[0], 5);  // 5/3
    begin_requests(endpoints[1], 2);  // 2/1
    auto cursor = cursor_with_seed(7);
    const auto counts = picks_of(*balance::make_p2c(endpoints), {}, cursor, 400);
    // Both turns drawn can never be the lighter one's: it has only one of the four.
    CHECK(counts == std::map<int, int>{{1, 400}});
}

TEST_CASE("p2c spreads over idle endpoints by weight, so that a light one is not left out",
          "[balance]") {
    const auto endpoints = endpoints_of({3, 1});
    auto cursor = cursor_with_seed(42);
    const auto counts = picks_of(*balance::make_p2c(endpoints), {}, cursor, 4000);
    CHECK(counts.at(2) > 850);
    CHECK(counts.at(2) < 1150);
}

TEST_CASE("p2c keeps the ratio of weights when requests stay in flight", "[balance]") {
    const auto endpoints = endpoints_of({3, 1});
    const auto policy = balance::make_p2c(endpoints);
    auto cursor = cursor_with_seed(3);
    for (int i = 0; i < 400; ++i) policy->pick({}, cursor)->state->begin_request();
    CHECK(endpoints[0].state->in_flight() >= 290);
    CHECK(endpoints[0].state->in_flight() <= 310);
}
