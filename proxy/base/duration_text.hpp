// Durations and sizes as people write them: "250ms 10s 5m 1h", "64KiB 1MiB".
//
// One number and one unit; no fractions, no signs, no spaces. A duration always has its unit (also
// zero: "0s"); a size without one is bytes. For the file, labels and the API alike.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/checked.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead {

/// ms, s, m, h and d; at most 365 days.
Checked<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Nothing, B, KiB, MiB, GiB and TiB.
Checked<std::uint64_t> parse_size(std::string_view text);

/// The inverse of parse_duration in the largest unit that fits: 90000 ms is "90s", 60000 is "1m".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace fairlead
