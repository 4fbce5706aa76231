#include "proxy/balance/schedule.hpp"

#include "tests/unit/balance/endpoints.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

using namespace fairlead;
using namespace fairlead::tests;
using balance::Schedule;

TEST_CASE("a schedule has one turn an endpoint when weights are equal", "[balance]") {
    CHECK(Schedule(endpoints_of({7, 7, 7})).size() == 3);
    CHECK(Schedule({}).size() == 0);
}

TEST_CASE("a schedule spreads a heavy endpoint's turns evenly", "[balance]") {
    const auto endpoints = endpoints_of({4, 1, 1});
    const Schedule schedule(endpoints);
    REQUIRE(schedule.size() == 6);
    int longest = 0;
    int run = 0;
    for (std::uint32_t turn = 0; turn < 12; ++turn) {
        run = schedule.at(turn % 6).address.port == 1 ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    CHECK(longest == 3);  // of the four; the wrap included
}

TEST_CASE("a schedule is bounded, and the lightest endpoint keeps a turn", "[balance]") {
    const auto endpoints = endpoints_of({1000, 999, 1});
    const Schedule schedule(endpoints);
    CHECK(schedule.size() <= 1027);
    std::map<int, int> turns;
    for (std::uint32_t turn = 0; turn < schedule.size(); ++turn)
        ++turns[schedule.at(turn).address.port];
    CHECK(turns.at(3) >= 1);
    CHECK(std::abs(turns.at(1) - turns.at(2)) <= 2);
}
