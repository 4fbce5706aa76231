// Time: the aliases, and the rule that functions which decide by time are given `now`.
//
// Only coroutines and main loops read a clock; balancing, retry and ejection take it as an
// argument, so tests need no waiting.
#pragma once

#include <chrono>

namespace fairlead {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;

using namespace std::chrono_literals;

}  // namespace fairlead
