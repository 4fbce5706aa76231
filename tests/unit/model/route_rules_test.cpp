#include "proxy/model/route_rules.hpp"

#include "proxy/base/random.hpp"
#include "proxy/model/rate_table.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::model;
using Of = FieldEdits::Of;

TEST_CASE("of several prefixes the longest decides, of equal ones the denial", "[model][rules]") {
    AccessList list;
    list.deny(*parse_ip_prefix("10.1.0.0/16"));
    list.allow(*parse_ip_prefix("10.0.0.0/8"));
    list.allow(*parse_ip_prefix("10.1.2.3"));
    list.allow(*parse_ip_prefix("2001:db8::/32"));
    list.deny(*parse_ip_prefix("2001:db8::/32"));
    const auto admits = [&](const char* ip) { return list.admits(read_ip(ip)); };
    CHECK(admits("10.2.0.1"));
    CHECK_FALSE(admits("10.1.0.1"));
    CHECK(admits("10.1.2.3"));
    CHECK_FALSE(admits("11.0.0.1"));
    CHECK_FALSE(admits("2001:db8::1"));
    CHECK_FALSE(list.admits(std::nullopt));

    AccessList nobody;
    nobody.allow_only();
    CHECK_FALSE(nobody.empty());
    CHECK_FALSE(nobody.admits(read_ip("10.1.2.3")));
    CHECK(nobody.text() == "allow nobody");
    CHECK(list.text() ==
          "allow 10.1.2.3/32, deny 10.1.0.0/16, allow 10.0.0.0/8, deny 2001:db8::/32, allow "
          "2001:db8::/32");

    AccessList denials;
    denials.deny(*parse_ip_prefix("10.0.0.0/8"));
    CHECK(denials.admits(read_ip("11.0.0.1")));
    CHECK(denials.admits(std::nullopt));
    CHECK_FALSE(denials.admits(read_ip("10.0.0.1")));
}

TEST_CASE("headers that frame a message or say who the client is cannot be edited",
          "[model][rules]") {
    FieldEdits edits;
    for (const auto* name : {"Connection", "content-length", "Transfer-Encoding", "TE", "Upgrade",
                             "Keep-Alive", "Trailer", "Proxy-Connection"}) {
        CAPTURE(name);
        for (const auto of : {Of::request, Of::response}) {
            CHECK_FALSE(edits.set(of, name, "x").has_value());
            CHECK_FALSE(edits.add(of, name, "x").has_value());
            CHECK_FALSE(edits.remove(of, name).has_value());
        }
    }
    for (const auto* name : {"Host", "X-Forwarded-For", "Forwarded", "Expect", "traceparent"})
        CHECK_FALSE(edits.set(Of::request, name, "x").has_value());
    CHECK_FALSE(edits.set(Of::request, "bad name", "x").has_value());
    CHECK_FALSE(edits.set(Of::request, "X", "a\r\nB: c").has_value());
    CHECK(edits.empty());
}

TEST_CASE("edits are prepared as lines to add and names to leave out", "[model][rules]") {
    FieldEdits edits;
    CHECK(edits.set(Of::request, "X-A", " one ").has_value());
    CHECK(edits.add(Of::request, "X-B", "two").has_value());
    CHECK(edits.remove(Of::request, "X-C").has_value());
    CHECK(edits.added() == "X-A: one\r\nX-B: two\r\n");
    CHECK(edits.removes("x-a"));
    CHECK(edits.removes("X-c"));
    CHECK_FALSE(edits.removes("X-B"));
}

TEST_CASE("a draw falls on shares by their weights, and only on usable ones", "[model][rules]") {
    const std::vector<Share> shares = {{"a", 1}, {"b", 0}, {"c", 3}};
    Random random(7);
    std::vector<int> counts(shares.size() + 1);
    const auto all = [](std::size_t) { return true; };
    for (int i = 0; i < 40000; ++i) ++counts[draw_share(shares, random.next(), all)];
    CHECK(counts[0] > 9500);
    CHECK(counts[0] < 10500);
    CHECK(counts[1] == 0);
    CHECK(counts[3] == 0);
    const auto not_c = [](std::size_t i) { return i != 2; };
    for (int i = 0; i < 100; ++i) CHECK(draw_share(shares, random.next(), not_c) == 0);
    const auto only_b = [](std::size_t i) { return i == 1; };
    CHECK(draw_share(shares, random.next(), only_b) == shares.size());
    CHECK(draw_share(shares, ~std::uint64_t{0}, all) == 2);
    CHECK(draw_share(shares, 0, all) == 0);
}

TEST_CASE("hashes of clients that differ little fall evenly on two shares", "[model][rules]") {
    const std::vector<Share> shares = {{"a", 1}, {"b", 1}};
    const auto all = [](std::size_t) { return true; };
    int of_a = 0;
    for (int i = 0; i < 10000; ++i) {
        const auto draw = seeded_hash(0, "192.0.2." + std::to_string(i));
        if (draw_share(shares, draw, all) == 0) ++of_a;
    }
    CHECK(of_a > 4800);
    CHECK(of_a < 5200);
}

TEST_CASE("a bucket lets its burst through at once, then one an interval", "[model][rate]") {
    const TimePoint start{};
    RateTable table(1, start);
    const auto shape = RateTable::shape(10, 1s, 3);
    const auto take = [&](Duration at, const char* key = "client") {
        return table.take(5, key, shape, start + 1h + at);
    };
    for (int i = 0; i < 3; ++i) CHECK(take(0ms) == 0us);
    CHECK(take(0ms) == 100ms);
    CHECK(take(60ms) == 40ms);
    CHECK(take(100ms) == 0us);
    CHECK(take(101ms) == 99ms);
    CHECK(take(101ms, "another") == 0us);
    CHECK(table.take(6, "client", shape, start + 1h) == 0us);  // of another route
    for (int i = 0; i < 3; ++i) CHECK(take(10s) == 0us);       // it is full again, and no fuller
    CHECK(take(10s) == 100ms);
}

TEST_CASE("a limit holds over a long time whatever the pattern", "[model][rate]") {
    const TimePoint start{};
    RateTable table(1, start);
    const auto shape = RateTable::shape(100, 1s, 20);
    Random random(3);
    TimePoint now = start;
    int taken = 0;
    while (now < start + 60s) {
        now += std::chrono::microseconds(random.below(8000));
        if (table.take(0, "k", shape, now) == 0us) ++taken;
    }
    CHECK(taken <= 6020);
    CHECK(taken > 5900);
}

TEST_CASE("twenty thousand clients at once keep their buckets", "[model][rate]") {
    const TimePoint start{};
    RateTable table(99, start);
    const auto shape = RateTable::shape(1, 1h, 1);
    int forgotten = 0;
    for (int i = 0; i < 20000; ++i) table.take(0, std::to_string(i), shape, start + 1s);
    for (int i = 0; i < 20000; ++i) {
        if (table.take(0, std::to_string(i), shape, start + 2s) == 0us) ++forgotten;
    }
    CHECK(forgotten < 100);
}

TEST_CASE("threads that take from one bucket get no more than it holds", "[model][rate]") {
    const TimePoint start{};
    RateTable table(4, start);
    const auto shape = RateTable::shape(1000, 1h, 1000);
    table.take(0, "k", shape, start + 1s);
    std::atomic<int> taken{1};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                if (table.take(0, "k", shape, start + 1s) == 0us) ++taken;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(taken == 1000);
}
