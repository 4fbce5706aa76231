// When a loss is believed, and when it is held back.
#include "control/store/mass_delete_guard.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;
using control::KeySet;
using control::MassDeleteGuard;
using control::StoreImage;
using Verdict = MassDeleteGuard::Verdict;

namespace {

const TimePoint start = TimePoint(1000s);

StoreImage routes(int count) {
    StoreImage image;
    for (int i = 0; i < count; ++i) image.contents.frontends["h" + std::to_string(i)] = "web";
    image.contents.backends["web"] = {{{"10.0.0.1:80", "0"}}, {}};
    return image;
}

KeySet keys(int from, int to) {
    KeySet keys;
    for (int i = from; i < to; ++i) keys.insert("frontend:h" + std::to_string(i));
    return keys;
}

}  // namespace

TEST_CASE("a loss of more than half, and of more than ten, is held back", "[store]") {
    CHECK(MassDeleteGuard({}).judge(routes(20), keys(0, 10), start) == Verdict::believed);
    CHECK(MassDeleteGuard({}).judge(routes(20), keys(0, 11), start) == Verdict::held_back);
    CHECK(MassDeleteGuard({}).judge(routes(10), keys(0, 10), start) == Verdict::believed);
    CHECK(MassDeleteGuard({}).judge(routes(100), keys(0, 50), start) == Verdict::believed);
    MassDeleteGuard::Settings off;
    off.percent = 100;
    CHECK(MassDeleteGuard(off).judge(routes(100), keys(0, 100), start) == Verdict::believed);
}

TEST_CASE("what is lost one by one counts together for some seconds", "[store]") {
    MassDeleteGuard guard({});
    auto image = routes(30);
    for (int i = 0; i < 15; ++i)
        REQUIRE(guard.judge(image, keys(i, i + 1), start + i * 100ms) == Verdict::believed);
    CHECK(guard.judge(image, keys(15, 16), start + 1600ms) == Verdict::held_back);
    CHECK(guard.judge(image, keys(16, 17), start + 1700ms) == Verdict::held_back);
    CHECK(guard.held_back() == keys(15, 17));

    MassDeleteGuard slow({});
    for (int i = 0; i < 30; ++i)
        CHECK(slow.judge(image, keys(i, i + 1), start + i * 1s) == Verdict::believed);
}

TEST_CASE("a loss of most backends is held back like one of routes", "[store]") {
    StoreImage image;
    KeySet missing;
    for (int i = 0; i < 12; ++i) {
        image.contents.backends["b" + std::to_string(i)] = {{{"10.0.0.1:80", "0"}}, {}};
        missing.insert("backend:b" + std::to_string(i));
    }
    CHECK(MassDeleteGuard({}).judge(image, missing, start) == Verdict::held_back);
}

TEST_CASE("held back is what is missing until it is back, confirmed or stands for long",
          "[store]") {
    MassDeleteGuard guard({});
    REQUIRE(guard.judge(routes(20), keys(0, 20), start) == Verdict::held_back);
    CHECK(guard.is_holding());
    CHECK(!guard.is_over(start + 59s));
    CHECK(guard.is_over(start + 60s));
    for (int i = 0; i < 19; ++i) CHECK(!guard.release("frontend:h" + std::to_string(i)));
    CHECK(!guard.release("frontend:unknown"));
    CHECK(guard.release("frontend:h19"));
    CHECK(!guard.is_holding());

    REQUIRE(guard.judge(routes(20), keys(0, 20), start + 10s) == Verdict::held_back);
    CHECK(guard.release_all() == keys(0, 20));
    CHECK(!guard.is_holding());
    CHECK(guard.judge(routes(20), {}, start + 11s) == Verdict::believed);
}
