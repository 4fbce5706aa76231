#include "proxy/http/pace.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace fairlead;
using fairlead::http::Pace;

TEST_CASE("patience is the grace and what the bytes have earned, less what was waited",
          "[http][pace]") {
    Pace pace;
    pace.begin();
    CHECK(pace.patience(100, 10s, 0, 60s) == 10s);
    CHECK(pace.patience(100, 10s, 250, 60s) == 12500ms);
    pace.add(4s);
    CHECK(pace.patience(100, 10s, 250, 60s) == 8500ms);
    CHECK(pace.patience(100, 10s, 1'000'000, 60s) == 60s);  // never more than the other limit
    pace.add(20s);
    CHECK(pace.patience(100, 10s, 250, 60s) == Pace::least);  // and never none: that is no limit
    pace.begin();
    CHECK(pace.patience(100, 10s, 0, 60s) == 10s);
}

TEST_CASE("without a minimum rate only the other limit counts", "[http][pace]") {
    Pace pace;
    pace.add(1h);
    CHECK(pace.patience(0, 10s, 0, 60s) == 60s);
}

TEST_CASE("however much has moved, patience does not overflow", "[http][pace]") {
    Pace pace;
    CHECK(pace.patience(1, 10s, std::numeric_limits<std::uint64_t>::max(), 24h) == 24h);
}
