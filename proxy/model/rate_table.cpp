#include "proxy/model/rate_table.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::model {
namespace {

// A word: 16 bits of tag, never 0, above 48 bits of microseconds since start (almost nine years).
constexpr unsigned time_bits = 48;
constexpr std::uint64_t time_mask = (std::uint64_t{1} << time_bits) - 1;

constexpr std::uint64_t tag_of(std::uint64_t word) noexcept {
    return word >> time_bits;
}
constexpr std::uint64_t time_of(std::uint64_t word) noexcept {
    return word & time_mask;
}

/// Both halves of the product: every bit of the one depends on every bit of the other (wyhash).
std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

std::uint64_t seeded_hash(std::uint64_t seed, std::string_view text) noexcept {
    constexpr std::uint64_t odd = 0xa0761d6478bd642fULL;
    constexpr std::uint64_t other = 0xe7037ed1a0b428dbULL;
    std::uint64_t hash = mix(seed ^ odd, text.size() ^ other);
    while (!text.empty()) {
        std::uint64_t word = 0;
        const auto size = std::min(text.size(), sizeof word);
        std::memcpy(&word, text.data(), size);
        text.remove_prefix(size);
        hash = mix(hash ^ word ^ odd, hash + other);
    }
    return mix(hash ^ other, odd);
}

RateTable::RateTable(std::uint64_t seed, TimePoint start)
    : seed_(seed), start_(start), table_(std::make_unique<Row[]>(rows)) {}

RateTable::Shape RateTable::shape(std::uint32_t requests, Microseconds per,
                                  std::uint32_t burst) noexcept {
    return {std::max(per / std::max(requests, 1U), Microseconds(1)), std::max(burst, 1U)};
}

std::size_t RateTable::place_of(const Row& row, std::uint64_t tag, std::uint64_t now) noexcept {
    std::size_t best = 0;
    std::uint64_t earliest = time_mask;
    for (std::size_t i = 0; i < row_size; ++i) {
        const auto word = row.words[i].load(std::memory_order_relaxed);
        if (tag_of(word) == tag) return i;
        // All that are full already are as good as each other.
        const auto full_at = std::max(time_of(word), now);
        if (full_at < earliest) {
            earliest = full_at;
            best = i;
        }
    }
    return best;
}

RateTable::Spot RateTable::spot_of(std::uint64_t scope, std::string_view key,
                                   TimePoint now) const noexcept {
    const auto hash = seeded_hash(seed_ ^ scope, key);
    const auto at =
        std::max(std::chrono::duration_cast<Microseconds>(now - start_), Microseconds(1)).count();
    return {table_[hash % rows], std::max<std::uint64_t>(hash >> time_bits, 1),
            static_cast<std::uint64_t>(at)};
}

std::uint64_t RateTable::full_at(std::uint64_t word, const Spot& spot) noexcept {
    return tag_of(word) == spot.tag ? std::max(time_of(word), spot.at) : spot.at;
}

RateTable::Microseconds RateTable::take(std::uint64_t scope, std::string_view key,
                                        const Shape& shape, TimePoint now) noexcept {
    const auto spot = spot_of(scope, key, now);
    const auto interval = static_cast<std::uint64_t>(shape.interval.count());
    const auto depth = interval * (shape.burst - 1);
    for (;;) {
        Word& place = spot.row.words[place_of(spot.row, spot.tag, spot.at)];
        auto word = place.load(std::memory_order_relaxed);
        const auto full = full_at(word, spot);
        if (full - spot.at > depth)
            return Microseconds(static_cast<std::int64_t>(full - spot.at - depth));
        const auto next = spot.tag << time_bits | ((full + interval) & time_mask);
        if (place.compare_exchange_weak(word, next, std::memory_order_relaxed))
            return Microseconds(0);
    }
}

RateTable::Microseconds RateTable::wait(std::uint64_t scope, std::string_view key,
                                        const Shape& shape, TimePoint now) const noexcept {
    const auto spot = spot_of(scope, key, now);
    const auto& word = spot.row.words[place_of(spot.row, spot.tag, spot.at)];
    const auto depth = static_cast<std::uint64_t>(shape.interval.count()) * (shape.burst - 1);
    const auto ahead = full_at(word.load(std::memory_order_relaxed), spot) - spot.at;
    return Microseconds(static_cast<std::int64_t>(ahead > depth ? ahead - depth : 0));
}

}  // namespace fairlead::model
