#include "proxy/balance/plugin_score.hpp"

#include <algorithm>

namespace fairlead::balance {
namespace {

class ScorePlugin final : public Plugin {
public:
    explicit ScorePlugin(bool takes_most) : takes_most_(takes_most) {}

    void narrow(Candidates& candidates, const model::PickInput&, Random&) const override {
        const auto less = [](const model::Endpoint* a, const model::Endpoint* b) {
            return score_of(*a) < score_of(*b);
        };
        const auto [least, most] = std::minmax_element(candidates.begin(), candidates.end(), less);
        const double wanted = score_of(takes_most_ ? **most : **least);
        std::erase_if(candidates,
                      [&](const model::Endpoint* other) { return score_of(*other) != wanted; });
    }

private:
    const bool takes_most_;
};

}  // namespace

PluginPtr make_score_plugin(const PluginInput& input) {
    return std::make_unique<ScorePlugin>(input.param == "most");
}

}  // namespace fairlead::balance
