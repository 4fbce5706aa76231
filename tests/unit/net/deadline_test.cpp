#include "proxy/net/deadline.hpp"

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

}  // namespace

TEST_CASE("a deadline expires once, not early and hardly late", "[net][deadline]") {
    IoContext io;
    DeadlineWheel wheel(io);
    Alarm alarm(wheel);
    const auto began = Clock::now();
    alarm.deadline.arm(120ms);
    CHECK_FALSE(alarm.deadline.expired());
    io.run();  // ends when nothing is armed any more
    CHECK(alarm.deadline.expired());
    CHECK(alarm.rung_at - began >= 115ms);
    CHECK(alarm.rung_at - began < 2s);
}

TEST_CASE("moving a deadline on replaces it, in both directions", "[net][deadline]") {
    IoContext io;
    DeadlineWheel wheel(io);
    Alarm later(wheel);
    Alarm sooner(wheel);
    const auto began = Clock::now();
    later.deadline.arm(50ms);
    later.deadline.arm(300ms);
    sooner.deadline.arm(60s);
    sooner.deadline.arm(50ms);
    io.run();
    CHECK(later.rung_at - began >= 295ms);
    CHECK(sooner.rung_at < later.rung_at);
}

TEST_CASE("a disarmed or destroyed deadline does nothing", "[net][deadline]") {
    IoContext io;
    DeadlineWheel wheel(io);
    Alarm disarmed(wheel);
    disarmed.deadline.arm(50ms);
    disarmed.deadline.disarm();
    {
        Alarm destroyed(wheel);
        destroyed.deadline.arm(50ms);
    }
    Alarm zero(wheel);
    zero.deadline.arm(0ms);
    io.run();
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
    IoContext io;
    DeadlineWheel wheel(io);
    Chain chain(wheel);
    chain.first.arm(50ms);
    for (int i = 0; i < 10; ++i) {
        chain.others.push_back(std::make_unique<Alarm>(wheel));
        chain.others.back()->deadline.arm(50ms);
    }
    io.run();
    CHECK(chain.runs == 3);
}

TEST_CASE("a deadline beyond a round of the wheel waits for its round", "[net][deadline]") {
    IoContext io;
    DeadlineWheel wheel(io);
    Alarm far(wheel);
    far.deadline.arm(26s);  // the same slot as now, one round later
    Alarm near(wheel);
    near.deadline.arm(60ms);
    io.run_for(400ms);
    CHECK(near.deadline.expired());
    CHECK_FALSE(far.deadline.expired());
}
