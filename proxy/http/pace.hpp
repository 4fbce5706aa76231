// Whether a peer keeps up a minimum rate while it is waited for.
//
// Only the time that is spent waiting for the peer counts, not the time in which it could not have
// gone on; some of it is free (`grace`). What is left of both is how long the next wait may take,
// so a peer is cut when it has fallen behind, not when somebody looks.
//
// Threads: one worker. Cost: a division a wait.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/config.hpp"

#include <algorithm>
#include <cstdint>

namespace fairlead::http {

class Pace {
public:
    /// Before the first wait of a message.
    void begin() noexcept { waited_ = Duration::zero(); }

    /// How long the next wait may take: at most `most`, always more than zero. `moved`: bytes that
    /// have come or gone since begin().
    Duration patience(model::Bytes per_second, Duration grace, std::uint64_t moved,
                      Duration most) const noexcept {
        if (per_second == 0) return most;
        // Beyond what `most` could ever be, so that nothing overflows.
        const auto seconds = std::min(moved / per_second, most_seconds);
        const auto millis = 1000 * (moved % per_second) / per_second;
        const Duration earned = std::chrono::seconds(seconds) + std::chrono::milliseconds(millis);
        return std::clamp<Duration>(grace + earned - waited_, least, most);
    }

    void add(Duration waited) noexcept { waited_ += waited; }

    static constexpr Duration least = std::chrono::milliseconds(1);

private:
    static constexpr std::uint64_t most_seconds = 7 * 24 * 3600;

    Duration waited_ = Duration::zero();
};

}  // namespace fairlead::http
