#include "proxy/access_log/timestamp.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>

using namespace fairlead;
using namespace fairlead::access_log;

TEST_CASE("the time is written as RFC 3339, with milliseconds", "[access_log]") {
    Rfc3339Text text;
    CHECK(text.at(0) == "1970-01-01T00:00:00.000Z");
    CHECK(text.at(951782399999) == "2000-02-28T23:59:59.999Z");
    CHECK(text.at(951782400007) == "2000-02-29T00:00:00.007Z");
    CHECK(text.at(951782400070) == "2000-02-29T00:00:00.070Z");
    CHECK(text.at(1795242660123) == "2026-11-21T06:31:00.123Z");
}

TEST_CASE("and in the Common Log Format, in UTC", "[access_log]") {
    CommonLogText text;
    CHECK(text.at(0) == "01/Jan/1970:00:00:00 +0000");
    CHECK(text.at(1795242660123) == "21/Nov/2026:06:31:00 +0000");
    CHECK(text.at(1795242660999) == "21/Nov/2026:06:31:00 +0000");
    CHECK(text.at(1798761599000) == "31/Dec/2026:23:59:59 +0000");
}

TEST_CASE("the wall's time is derived from the steady clock", "[access_log]") {
    WallClock clock;
    const auto now = Clock::now();
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
    const auto first = clock.milliseconds(now);
    CHECK(std::abs(first - wall) < 1000);
    CHECK(clock.milliseconds(now + 500ms) == first + 500);
    CHECK(clock.milliseconds(now - 500ms) == first - 500);
    CHECK(std::abs(clock.milliseconds(now + 5s) - first - 5000) < 1000);
}
