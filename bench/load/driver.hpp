// One thread of load: its connections, and when each request is due.
//
// Closed loop: each connection sends its next request when the last answer is complete. Open loop:
// requests are due at a fixed rate whatever the answers do, and latency counts from when a request
// was due, not from when a connection was free for it, so a stall is seen by all it delayed.
//
// Threads: one.
#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/statistics.hpp"
#include "bench/load/target.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace fairlead::bench {

struct Plan {
    unsigned connections = 64;
    std::chrono::nanoseconds duration{std::chrono::seconds(10)};
    double rate = 0;  // requests a second of this thread; 0: closed loop
    std::chrono::nanoseconds timeout{std::chrono::seconds(10)};
    std::chrono::nanoseconds start_offset{0};  // of the first request, so that threads do not pulse
};

class Driver {
public:
    Driver(const Target& target, const Plan& plan);

    /// Sends load for the plan's duration, then waits for what is in flight (1 s at most).
    void run();
    /// How long load was sent: the plan's duration, or less after stop_all().
    double seconds() const noexcept { return std::chrono::duration<double>(ran_).count(); }
    /// Every driver's run() comes to its end. May be called by a signal handler.
    static void stop_all() noexcept;
    const Statistics& statistics() const noexcept { return statistics_; }

private:
    using Clock = LoadConnection::Clock;

    Clock::time_point due(std::uint64_t request) const;
    void start_due(Clock::time_point now);
    void wait(Clock::time_point until);
    void fail_overdue(Clock::time_point now);
    bool any_busy() const;

    Plan plan_;
    Statistics statistics_;
    Fd epoll_;
    std::vector<std::unique_ptr<LoadConnection>> connections_;
    std::size_t next_connection_ = 0;  // where the search for a free one begins
    Clock::time_point begin_{};
    Clock::time_point next_sweep_{};
    Clock::time_point
        hold_until_{};  // after a failed request, so that a dead target is not hammered
    std::uint64_t started_ = 0;
    Clock::duration ran_{};
};

}  // namespace fairlead::bench
