#include "proxy/upstream/retry.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::upstream;
using fairlead::http::Method;

TEST_CASE("every reason has a decision about repeating, and few are repeated",
          "[upstream][retry]") {
    for (std::size_t i = 1; i < reason_count; ++i) {
        AttemptFacts facts;
        facts.failure = static_cast<Reason>(i);
        const bool expected =
            facts.failure == Reason::resolve_failed || facts.failure == Reason::connect_refused ||
            facts.failure == Reason::connect_failed || facts.failure == Reason::connect_timeout ||
            facts.failure == Reason::upstream_tls_failed ||
            facts.failure == Reason::upstream_untrusted || facts.failure == Reason::upstream_reset;
        INFO(to_string(facts.failure));
        const bool is_ours = facts.failure == Reason::no_socket;
        CHECK(may_repeat(facts) == (expected || is_ours));
        CHECK(speaks_against_endpoint(facts) == expected);
    }
}

TEST_CASE("what may have been acted on is repeated only where that is harmless",
          "[upstream][retry]") {
    struct Row {
        const char* what;
        AttemptFacts facts;
        bool repeat;
        bool blame;
    };
    const auto reset = Reason::upstream_reset;
    const std::vector<Row> rows = {
        {"GET on a new connection", {reset, Method::get, true, true, false, false}, true, true},
        {"GET on a pooled connection", {reset, Method::get, true, true, false, true}, true, false},
        {"GET after the first byte", {reset, Method::get, true, true, true, false}, false, false},
        {"PUT with its body here", {reset, Method::put, true, true, false, false}, true, true},
        {"PUT whose body is partly gone",
         {reset, Method::put, false, true, false, false},
         false,
         true},
        {"POST", {reset, Method::post, true, true, false, false}, false, true},
        {"PATCH", {reset, Method::patch, true, true, false, true}, false, false},
        {"an unknown method", {reset, Method::other, true, true, false, false}, false, true},
        {"POST of which nothing was taken",
         {reset, Method::post, true, false, false, true},
         true,
         false},
        {"POST with a long body of which nothing was taken",
         {reset, Method::post, false, false, false, true},
         false,
         false},
        {"POST to an untrusted endpoint",
         {Reason::upstream_untrusted, Method::post, false, false, false, false},
         true,
         true},
        {"POST that never got there",
         {Reason::connect_refused, Method::post, true, true, false, false},
         true,
         true},
        {"POST with a long body that never got there",
         {Reason::connect_refused, Method::post, false, true, false, false},
         true,
         true},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(may_repeat(row.facts) == row.repeat);
        CHECK(speaks_against_endpoint(row.facts) == row.blame);
    }
}
