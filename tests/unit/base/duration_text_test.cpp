#include "proxy/base/duration_text.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

using namespace fairlead;

TEST_CASE("durations are a whole number and a unit", "[duration_text]") {
    const std::pair<const char*, std::int64_t> rows[] = {
        {"0s", 0},           {"0ms", 0},      {"250ms", 250},
        {"10s", 10'000},     {"5m", 300'000}, {"1h", 3'600'000},
        {"2d", 172'800'000}, {"90s", 90'000}, {"365d", 31'536'000'000},
    };
    for (const auto& [text, milliseconds] : rows) {
        CAPTURE(text);
        const auto value = parse_duration(text);
        REQUIRE(value.has_value());
        CHECK(value->count() == milliseconds);
    }
}

TEST_CASE("whatever else is written is no duration, and the message says what is",
          "[duration_text]") {
    for (const char* text :
         {"", "0", "10", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1m30s", "1w",
          "366d", "99999999999999999999s", "18446744073709551615ms", "0x1s"}) {
        CAPTURE(text);
        const auto value = parse_duration(text);
        REQUIRE_FALSE(value.has_value());
        CHECK_THAT(value.error().text(),
                   Catch::Contains("allowed: a whole number and ms, s, m, h or d"));
    }
}

TEST_CASE("sizes are bytes or powers of 1024", "[duration_text]") {
    const std::pair<const char*, std::uint64_t> rows[] = {
        {"0", 0},
        {"17", 17},
        {"17B", 17},
        {"64KiB", 65536},
        {"1MiB", 1048576},
        {"2GiB", 1ULL << 31},
        {"1TiB", 1ULL << 40},
        {"18446744073709551615", UINT64_MAX},
    };
    for (const auto& [text, bytes] : rows) {
        CAPTURE(text);
        const auto value = parse_size(text);
        REQUIRE(value.has_value());
        CHECK(*value == bytes);
    }
    for (const char* text :
         {"", "KiB", "1KB", "1k", "-1", "1.5MiB", "1 KiB", "18446744073709551616", "16777216TiB"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text).has_value());
    }
}

TEST_CASE("a duration is written in the largest unit that holds it", "[duration_text]") {
    using std::chrono::milliseconds;
    for (const char* text : {"0s", "250ms", "90s", "5m", "1h", "2d"}) {
        CHECK(duration_text(*parse_duration(text)) == text);
    }
    CHECK(duration_text(milliseconds(60'000)) == "1m");
}
