// A moment for people and machines: "2026-11-21T10:05:29.123Z".
//
// Threads: any (pure).
#pragma once

#include "proxy/base/clock.hpp"

#include <fmt/chrono.h>

#include <string>

namespace fairlead::control {

inline std::string time_text(WallTime at) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)), ms.count() % 1000);
}

}  // namespace fairlead::control
