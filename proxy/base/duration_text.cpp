#include "proxy/base/duration_text.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace fairlead {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr Unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit size_units[] = {{"", 1},
                               {"B", 1},
                               {"KiB", 1ULL << 10},
                               {"MiB", 1ULL << 20},
                               {"GiB", 1ULL << 30},
                               {"TiB", 1ULL << 40}};

constexpr std::uint64_t longest_duration = 365ULL * 86'400'000;

struct Quantity {
    std::uint64_t number = 0;
    std::string_view unit;
};

/// Empty: no digits first, or more than 64 bits hold.
std::optional<Quantity> split(std::string_view text) {
    Quantity quantity;
    const auto* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, quantity.number);
    if (ec != std::errc{}) return std::nullopt;
    quantity.unit = std::string_view(at, static_cast<std::size_t>(end - at));
    return quantity;
}

/// Empty: no such unit, or the product is above `limit`.
std::optional<std::uint64_t> scale(const Quantity& quantity, std::span<const Unit> units,
                                   std::uint64_t limit) {
    for (const auto& unit : units) {
        if (unit.name != quantity.unit) continue;
        if (quantity.number > limit / unit.factor) return std::nullopt;
        return quantity.number * unit.factor;
    }
    return std::nullopt;
}

}  // namespace

Checked<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto quantity = split(text);
    const auto value = quantity ? scale(*quantity, duration_units, longest_duration) : std::nullopt;
    if (!value) {
        return problem(
            "'{}' is not a duration; allowed: a whole number and ms, s, m, h or d, at most 365d, "
            "such as 250ms, 10s or 5m",
            text);
    }
    return std::chrono::milliseconds(*value);
}

Checked<std::uint64_t> parse_size(std::string_view text) {
    const auto quantity = split(text);
    const auto value = quantity
                           ? scale(*quantity, size_units, std::numeric_limits<std::uint64_t>::max())
                           : std::nullopt;
    if (!value) {
        return problem(
            "'{}' is not a size; allowed: a whole number of bytes, or one followed by KiB, MiB, "
            "GiB or TiB, such as 64KiB",
            text);
    }
    return *value;
}

std::string duration_text(std::chrono::milliseconds duration) {
    const auto value = static_cast<std::uint64_t>(duration.count());
    if (value == 0) return "0s";
    const Unit* best = &duration_units[0];
    for (const auto& unit : duration_units) {
        if (value % unit.factor == 0) best = &unit;
    }
    return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace fairlead
