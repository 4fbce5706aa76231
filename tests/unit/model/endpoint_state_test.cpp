#include "proxy/model/endpoint_state.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using model::EndpointState;

TEST_CASE("an ejection is known with its reason until it is forgiven", "[endpoint_state]") {
    model::EndpointState state("id");
    const auto now = Clock::now();
    state.eject_until(now + 5s, Reason::upstream_reset);
    CHECK(state.is_ejected(now));
    CHECK(state.ejected_until() == now + 5s);
    CHECK(state.ejected_for() == Reason::upstream_reset);
    state.forgive();
    CHECK(state.ejected_until() == TimePoint());
}

TEST_CASE("an idle connection is used for less long than the endpoint keeps it", "[model]") {
    EndpointState endpoint("a");
    const TimePoint now = Clock::now();
    CHECK(endpoint.idle_limit(now) == 4s);
    SECTION("as it announces") {
        endpoint.announce_idle(15s);
        CHECK(endpoint.idle_limit(now) == 14s);
        endpoint.announce_idle(1s);
        CHECK(endpoint.idle_limit(now) == 500ms);
        endpoint.announce_idle(24h);
        CHECK(endpoint.idle_limit(now) == 60s);
    }
    SECTION("as it was seen to do, whatever it announces, for some minutes") {
        endpoint.announce_idle(15s);
        endpoint.saw_idle_end(2s, now);
        CHECK(endpoint.idle_limit(now) == 1500ms);
        endpoint.saw_idle_end(10s, now);
        CHECK(endpoint.idle_limit(now) == 1500ms);
        CHECK(endpoint.idle_limit(now + 6min) == 14s);
    }
    SECTION("and never too short to be used again at all") {
        endpoint.saw_idle_end(0s, now);
        CHECK(endpoint.idle_limit(now) == 200ms);
    }
}
