// The time in a line, written anew only when the second changes, and without a clock read: the
// wall's time is derived from the steady one, and compared with the wall once a second.
//
// Threads: one worker.
#pragma once

#include "proxy/base/clock.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::access_log {

/// Milliseconds since 1970 of a moment that was measured with the steady clock.
class WallClock {
public:
    std::int64_t milliseconds(TimePoint moment) noexcept {
        if (moment >= compare_at_) compare(moment);
        return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch() +
                                                                     ahead_)
            .count();
    }

private:
    void compare(TimePoint moment) noexcept;

    Duration ahead_ = {};  // of the wall before the steady clock
    TimePoint compare_at_;
};

/// 2026-11-21T06:31:00.123Z (RFC 3339)
class Rfc3339Text {
public:
    std::string_view at(std::int64_t milliseconds) noexcept;

private:
    std::array<char, 24> text_ = {};
    std::int64_t second_ = -1;
};

/// 21/Nov/2026:06:31:00 +0000 (Common Log Format)
class CommonLogText {
public:
    std::string_view at(std::int64_t milliseconds) noexcept;

private:
    std::array<char, 26> text_ = {};
    std::int64_t second_ = -1;
};

}  // namespace fairlead::access_log
