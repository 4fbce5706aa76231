// Token buckets for every client of every limited route, in a table of fixed size that all workers
// share and that outlives snapshots.
//
// A bucket is one number: the time at which it will be full again (the generic cell rate algorithm,
// ITU-T I.371). It shares a word with 16 bits of its key's hash; eight words make a row, one cache
// line, and a key's hash says which row it may stand in. A full bucket equals a forgotten one, so
// its place is free.
//
// Accuracy: two keys of one row with the same 16 bits share a bucket (1 of 65,535 pairs of a row).
// Where more than eight buckets of one row are in use the one nearest to full is forgotten, which
// starts that client anew: it takes some tens of thousands of busy clients at once. The hash is
// seeded, so that nobody can choose keys that meet. Two workers that see a new key at the same
// instant may count one request too few.
//
// Threads: any; lock-free. Cost of take(): a hash, a cache line, one compare-and-swap.
#pragma once

#include "proxy/base/clock.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace fairlead::model {

class RateTable {
public:
    static constexpr std::size_t rows = 8192;  // 512 KiB in all

    using Microseconds = std::chrono::microseconds;

    /// `seed`: random, but in tests. `start`: before any time that take() gets.
    RateTable(std::uint64_t seed, TimePoint start);

    /// One bucket's shape: it fills by one in `interval` and holds `burst`.
    struct Shape {
        Microseconds interval;
        std::uint32_t burst;
    };
    /// `requests` in `per`, to the microsecond.
    static Shape shape(std::uint32_t requests, Microseconds per, std::uint32_t burst) noexcept;

    /// Takes one from the bucket of `key` in `scope` (its route). Zero: taken. Else nothing is
    /// taken, and how long until there is one.
    Microseconds take(std::uint64_t scope, std::string_view key, const Shape& shape,
                      TimePoint now) noexcept;

    /// What take() would say, without taking.
    Microseconds wait(std::uint64_t scope, std::string_view key, const Shape& shape,
                      TimePoint now) const noexcept;

private:
    static constexpr std::size_t row_size = 8;
    using Word = std::atomic<std::uint64_t>;
    struct alignas(64) Row {
        std::array<Word, row_size> words;
    };

    // Where a key's bucket is or would be, at one moment.
    struct Spot {
        Row& row;
        std::uint64_t tag;
        std::uint64_t at;
    };
    Spot spot_of(std::uint64_t scope, std::string_view key, TimePoint now) const noexcept;
    static std::uint64_t full_at(std::uint64_t word, const Spot& spot) noexcept;
    static std::size_t place_of(const Row& row, std::uint64_t tag, std::uint64_t now) noexcept;

    const std::uint64_t seed_;
    const TimePoint start_;
    std::unique_ptr<Row[]> table_;
};

/// A keyed 64-bit hash, not for secrets: the same on every machine and in every run for one seed.
std::uint64_t seeded_hash(std::uint64_t seed, std::string_view text) noexcept;

}  // namespace fairlead::model
