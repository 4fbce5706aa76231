// Which of the names there are was probably meant, for messages about a name there is not.
//
// Threads: any (pure). Cost: O(names * length^2); for messages only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// Levenshtein's distance.
inline std::size_t edit_distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < one.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const std::size_t above = row[j + 1];
            const std::size_t replaced = diagonal + (one[i] == other[j] ? 0u : 1u);
            row[j + 1] = std::min({above + 1, row[j] + 1, replaced});
            diagonal = above;
        }
    }
    return row.back();
}

/// Empty: none is near.
inline std::string_view nearest_name(std::string_view name,
                                     const std::vector<std::string_view>& known) {
    constexpr std::size_t longest = 64;
    if (name.size() > longest) return {};
    std::string_view best;
    std::size_t best_distance = name.size() / 3 + 2;
    for (const auto candidate : known) {
        const auto distance = edit_distance(name, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace fairlead::control
