// A small, fast, seedable random generator for balancing (not for secrets).
//
// xorshift64* (Vigna 2016). Threads: one owner.
#pragma once

#include <cstdint>

namespace fairlead {

class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed * 2 + 1) {}

    std::uint64_t next() noexcept {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545F4914F6CDD1DULL;
    }

    /// Uniform in [0, bound); bound > 0. Lemire's multiply-shift, bias below 2^-32.
    std::uint32_t below(std::uint32_t bound) noexcept {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }

private:
    std::uint64_t state_;
};

}  // namespace fairlead
