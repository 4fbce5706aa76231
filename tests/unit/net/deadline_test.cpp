#include "proxy/net/reactor.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace fairlead;
using namespace fairlead::net;

namespace {

struct Alarm {
    explicit Alarm(DeadlineWheel& wheel) : deadline(wheel, &Alarm::ring, this) {}

    static void ring(void* self) { static_cast<Alarm*>(self)->rung_at = Clock::now(); }

    Deadline deadline;
    TimePoint rung_at{};
};

/// Turns until nothing is armed any more, or `at_most` has passed.
void run(Reactor& reactor, Duration at_most = 5s) {
    const auto end = Clock::now() + at_most;
    while (reactor.wheel().until_due() != Duration::max() && Clock::now() < end)
        reactor.turn(end - Clock::now());
}

}  // namespace

TEST_CASE("a deadline expires once, not early and hardly late", "[net][deadline]") {
    Reactor reactor;
    auto& wheel = reactor.wheel();
    Alarm alarm(wheel);
    const auto began = Clock::now();
    alarm.deadline.arm(120ms);
    CHECK_FALSE(alarm.deadline.expired());
    run(reactor);
    CHECK(alarm.deadline.expired());
    CHECK(alarm.rung_at - began >= 115ms);
    CHECK(alarm.rung_at - began < 2s);
}

TEST_CASE("moving a deadline on replaces it, in both directions", "[net][deadline]") {
    Reactor reactor;
    auto& wheel = reactor.wheel();
    Alarm later(wheel);
    Alarm sooner(wheel);
    const auto began = Clock::now();
    later.deadline.arm(50ms);
    later.deadline.arm(300ms);
    sooner.deadline.arm(60s);
    sooner.deadline.arm(50ms);
    run(reactor);
    CHECK(later.rung_at - began >= 295ms);
    CHECK(sooner.rung_at < later.rung_at);
}

TEST_CASE("a disarmed or destroyed deadline does nothing", "[net][deadline]") {
    Reactor reactor;
    auto& wheel = reactor.wheel();
    Alarm disarmed(wheel);
    disarmed.deadline.arm(50ms);
    disarmed.deadline.disarm();
    {
        Alarm destroyed(wheel);
        destroyed.deadline.arm(50ms);
    }
    Alarm zero(wheel);
    zero.deadline.arm(0ms);
    run(reactor);
    CHECK_FALSE(disarmed.deadline.expired());
    CHECK_FALSE(zero.deadline.expired());
}

TEST_CASE("an action may arm, disarm and destroy other deadlines of its slot", "[net][deadline]") {
    struct Chain {
        explicit Chain(DeadlineWheel& wheel)
            : first(wheel, &Chain::run, this), again(wheel, &Chain::run, this) {}
        static void run(void* self) {
            auto& chain = *static_cast<Chain*>(self);
            if (++chain.runs < 3) chain.again.arm(20ms);
            chain.others.clear();
        }
        Deadline first;
        Deadline again;
        std::vector<std::unique_ptr<Alarm>> others;
        int runs = 0;
    };
    Reactor reactor;
    auto& wheel = reactor.wheel();
    Chain chain(wheel);
    chain.first.arm(50ms);
    for (int i = 0; i < 10; ++i) {
        chain.others.push_back(std::make_unique<Alarm>(wheel));
        chain.others.back()->deadline.arm(50ms);
    }
    run(reactor);
    CHECK(chain.runs == 3);
}

TEST_CASE("a deadline beyond a round of the wheel waits for its round", "[net][deadline]") {
    Reactor reactor;
    auto& wheel = reactor.wheel();
    Alarm far(wheel);
    far.deadline.arm(26s);  // the same slot as now, one round later
    Alarm near(wheel);
    near.deadline.arm(60ms);
    run(reactor, 400ms);
    CHECK(near.deadline.expired());
    CHECK_FALSE(far.deadline.expired());
}
