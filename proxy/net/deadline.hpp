// Coarse deadlines for thousands of connections: one timer a worker, O(1) to arm and to disarm.
//
// A hashed wheel of 50 ms ticks. Arming a deadline that is already in the wheel to a later time
// only stores the time; the wheel moves it when its old slot comes round. So the usual case, a busy
// connection that moves its deadline on with every request, costs one coarse clock read and a
// store. Expiry is late by up to two ticks, never early by more than the coarse clock's 4 ms.
//
// Threads: one worker.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/net/types.hpp"

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

    explicit DeadlineWheel(IoContext& io);

    /// CLOCK_MONOTONIC_COARSE: cheap, and comparable with Clock to some milliseconds.
    static TimePoint coarse_now() noexcept;

    /// Forgets the timer, so that io.run() can return.
    void stop();

private:
    friend class Deadline;

    static constexpr std::size_t slot_count = 512;  // 25.6 s a round

    void link(Deadline& deadline, std::int64_t at_tick) noexcept;
    static void unlink(Deadline& deadline) noexcept;
    void start_timer();
    void advance();
    void run_slot(std::int64_t at_tick, TimePoint now);

    timer timer_;
    std::array<Deadline*, slot_count> slots_ = {};
    std::size_t linked_ = 0;
    std::int64_t done_tick_ = 0;  // every slot up to this one has been run
    bool ticking_ = false;
    bool stopped_ = false;
};

}  // namespace fairlead::net
