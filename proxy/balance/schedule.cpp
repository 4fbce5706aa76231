#include "proxy/balance/schedule.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace fairlead::balance {
namespace {

constexpr std::uint64_t most_turns = 1024;

}  // namespace

Schedule::Schedule(const std::vector<model::Endpoint>& endpoints) : endpoints_(&endpoints) {
    if (endpoints.empty()) return;
    std::uint64_t divisor = 0;
    std::uint64_t total = 0;
    for (const auto& endpoint : endpoints) {
        divisor = std::gcd(divisor, std::uint64_t{endpoint.weight});
        total += endpoint.weight;
    }
    divisor = std::max<std::uint64_t>(divisor, 1);
    // Weights that would need a longer round are scaled down; each endpoint keeps at least one
    // turn.
    const double scale =
        std::min(1.0, static_cast<double>(most_turns) /
                          (static_cast<double>(total) / static_cast<double>(divisor)));
    std::vector<std::int64_t> weights;
    std::int64_t turns = 0;
    for (const auto& endpoint : endpoints) {
        const double share =
            static_cast<double>(endpoint.weight) / static_cast<double>(divisor) * scale;
        weights.push_back(std::max<std::int64_t>(1, static_cast<std::int64_t>(share)));
        turns += weights.back();
    }
    std::vector<std::int64_t> credit(endpoints.size(), 0);
    const bool all_equal =
        std::all_of(weights.begin(), weights.end(), [&](auto w) { return w == weights.front(); });
    if (all_equal) {
        turns_.resize(endpoints.size());
        std::iota(turns_.begin(), turns_.end(), 0u);
        return;
    }
    turns_.reserve(static_cast<std::size_t>(turns));
    for (std::int64_t turn = 0; turn < turns; ++turn) {
        for (std::size_t i = 0; i < credit.size(); ++i) credit[i] += weights[i];
        const auto best = std::max_element(credit.begin(), credit.end());
        *best -= turns;
        turns_.push_back(static_cast<std::uint32_t>(best - credit.begin()));
    }
}

const model::Endpoint* Schedule::allowed_from(std::uint32_t turn,
                                              const model::PickInput& input) const noexcept {
    for (std::uint32_t tried = 0; tried < size(); ++tried) {
        const auto& endpoint = at(turn);
        if (input.allows(endpoint)) return &endpoint;
        turn = turn + 1 == size() ? 0 : turn + 1;
    }
    return nullptr;
}

}  // namespace fairlead::balance
