#include "proxy/balance/plugin_weighted_score.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::balance {
namespace {

/// Of one server: what its score makes of it. Of the whole backend: the lowest and highest score.
struct Formula {
    bool by_most = false;
    bool is_of_two = false;
    double lowest = 0;
    double highest = 0;
    std::optional<double> max_score;

    double weight(double score) const noexcept {
        if (by_most) return is_of_two || score > lowest ? std::max(score, 0.0) : 0;
        if (is_of_two) return max_score ? std::max(*max_score - score, 0.0) : 0;
        return highest - score;
    }
};

Formula formula_of(const PluginInput& input) {
    Formula formula;
    formula.by_most = input.param == "most";
    formula.is_of_two = input.endpoints.size() == 2;
    formula.max_score = input.max_score;
    const auto& all = input.endpoints;
    const auto less = [](const model::Endpoint& a, const model::Endpoint& b) {
        return score_of(a) < score_of(b);
    };
    const auto [lowest, highest] = std::minmax_element(all.begin(), all.end(), less);
    if (lowest == all.end()) return formula;
    formula.lowest = score_of(*lowest);
    formula.highest = score_of(*highest);
    return formula;
}

class WeightedScorePlugin final : public Plugin {
public:
    explicit WeightedScorePlugin(Formula formula) : formula_(std::move(formula)) {}

    void narrow(Candidates& candidates, const model::PickInput&, Random& random) const override {
        const double first = score_of(*candidates.front());
        bool all_equal = true;
        double total = 0;
        for (const auto* const endpoint : candidates) {
            const double score = score_of(*endpoint);
            all_equal = all_equal && score == first;
            total += formula_.weight(score);
        }
        if (all_equal || !(total > 0)) return;
        constexpr double steps = 9007199254740992.0;  // 2^53: what a double tells apart below 1
        double point = static_cast<double>(random.next() >> 11U) / steps * total;
        const model::Endpoint* chosen = nullptr;
        for (const auto* const endpoint : candidates) {
            const double weight = formula_.weight(score_of(*endpoint));
            if (!(weight > 0)) continue;
            chosen = endpoint;  // the last one, too, where rounding leaves a rest
            if (point < weight) break;
            point -= weight;
        }
        keep_only(candidates, chosen);
    }

private:
    const Formula formula_;
};

}  // namespace

PluginPtr make_weighted_score_plugin(const PluginInput& input) {
    return std::make_unique<WeightedScorePlugin>(formula_of(input));
}

}  // namespace fairlead::balance
