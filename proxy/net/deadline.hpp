// Coarse deadlines for thousands of connections: no timer, O(1) to arm and to disarm.
//
// A hashed wheel of 50 ms ticks. Arming a deadline that is already in the wheel to a later time
// only stores the time; the wheel moves it when its old slot comes round. So the usual case, a busy
// connection that moves its deadline on with every request, costs a store. Time is read once a turn
// of the reactor, which drives the wheel: expiry is late by up to two ticks, and early by no more
// than the coarse clock's 4 ms and the turn's length.
//
// Threads: one worker.
#pragma once

#include "proxy/base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::net {

class DeadlineWheel;

/// Something to do when time is up: mostly closing a socket, so that whoever waits on it gets an
/// error and asks expired() for the reason.
class Deadline {
public:
    using Action = void (*)(void* context);

    Deadline(DeadlineWheel& wheel, Action action, void* context) noexcept
        : wheel_(wheel), action_(action), context_(context) {}
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// Replaces what was armed before. Zero or less: never expires.
    void arm(Duration after);
    void disarm() noexcept { at_ = TimePoint::max(); }

    /// Whether the action has run since the last arm().
    bool expired() const noexcept { return expired_; }

private:
    friend class DeadlineWheel;

    DeadlineWheel& wheel_;
    const Action action_;
    void* const context_;
    TimePoint at_ = TimePoint::max();
    std::int64_t tick_ = 0;  // of the slot it is linked into
    Deadline* next_ = nullptr;
    Deadline** link_ = nullptr;  // null: not in the wheel
    bool expired_ = false;
};

class DeadlineWheel {
public:
    static constexpr Duration tick = 50ms;

    DeadlineWheel() noexcept;

    /// CLOCK_MONOTONIC_COARSE: cheap, and comparable with Clock to some milliseconds.
    static TimePoint coarse_now() noexcept;

    /// The coarse time at which the present turn of the reactor began.
    TimePoint now() const noexcept { return now_; }
    void set_now(TimePoint now) noexcept { now_ = now; }

    /// How long advance() has nothing to do; Duration::max(): for ever.
    Duration until_due() const noexcept;
    /// Runs the actions that are due.
    void advance();

private:
    friend class Deadline;

    static constexpr std::size_t slot_count = 512;  // 25.6 s a round
    static constexpr std::int64_t never = std::int64_t{1} << 62;

    void link(Deadline& deadline, std::int64_t at_tick) noexcept;
    static void unlink(Deadline& deadline) noexcept;
    void run_slot(std::int64_t at_tick);
    void find_next_tick() noexcept;

    std::array<Deadline*, slot_count> slots_ = {};
    TimePoint now_;
    std::size_t linked_ = 0;
    std::int64_t done_tick_ = 0;      // every slot up to this one has been run
    std::int64_t next_tick_ = never;  // no slot before this one holds anything
};

}  // namespace fairlead::net
