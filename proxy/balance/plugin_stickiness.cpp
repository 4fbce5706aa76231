#include "proxy/balance/plugin_stickiness.hpp"

#include "proxy/model/stored_server.hpp"

#include <algorithm>

namespace fairlead::balance {
namespace {

class StickinessPlugin final : public Plugin {
public:
    void narrow(Candidates& candidates, const model::PickInput& input, Random&) const override {
        if (input.cookie.empty()) return;
        const auto named =
            std::find_if(candidates.begin(), candidates.end(), [&](const auto* endpoint) {
                return endpoint->stored &&
                       model::same_cookie(endpoint->stored->cookie, input.cookie);
            });
        if (named != candidates.end()) keep_only(candidates, *named);
    }
};

}  // namespace

PluginPtr make_stickiness_plugin(const PluginInput&) {
    return std::make_unique<StickinessPlugin>();
}

}  // namespace fairlead::balance
