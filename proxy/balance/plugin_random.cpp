#include "proxy/balance/plugin_random.hpp"

namespace fairlead::balance {
namespace {

class RandomPlugin final : public Plugin {
public:
    void narrow(Candidates& candidates, const model::PickInput&, Random& random) const override {
        keep_only(candidates,
                  candidates[random.below(static_cast<std::uint32_t>(candidates.size()))]);
    }
};

}  // namespace

PluginPtr make_random_plugin(const PluginInput&) {
    return std::make_unique<RandomPlugin>();
}

}  // namespace fairlead::balance
