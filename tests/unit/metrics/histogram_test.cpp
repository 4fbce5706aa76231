#include "proxy/metrics/histogram.hpp"

#include "proxy/metrics/counters.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::metrics;

TEST_CASE("a duration is counted in the first bucket that holds it, bounds included", "[metrics]") {
    Histogram histogram;
    histogram.observe(100us);
    histogram.observe(101us);
    histogram.observe(60s);
    histogram.observe(61s);
    histogram.observe(-1s);
    CHECK(histogram.bucket(0) == 2);
    CHECK(histogram.bucket(1) == 1);
    CHECK(histogram.bucket(Histogram::bounds.size() - 1) == 1);
    CHECK(histogram.bucket(Histogram::bounds.size()) == 1);
}

TEST_CASE("bounds grow", "[metrics]") {
    for (std::size_t i = 1; i < Histogram::bounds.size(); ++i) {
        CHECK(Histogram::bounds[i] > Histogram::bounds[i - 1]);
    }
}

TEST_CASE("histograms of several workers add up", "[metrics]") {
    Histogram one;
    Histogram other;
    one.observe(1ms);
    other.observe(3ms);
    other.observe(2min);
    HistogramTotal total;
    total.add(one);
    total.add(other);
    CHECK(total.count() == 3);
    CHECK(total.sum_us == 1'000 + 3'000 + 120'000'000);
}

TEST_CASE("a gauge returns to zero", "[metrics]") {
    Counters counters;
    counters.add(Metric::connections_open);
    counters.add(Metric::connections_open);
    counters.subtract(Metric::connections_open, 2);
    CHECK(counters.value(Metric::connections_open) == 0);
}
