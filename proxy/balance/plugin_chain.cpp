#include "proxy/balance/plugin_chain.hpp"

#include "proxy/balance/plugin_registry.hpp"

namespace fairlead::balance {
namespace {

// Of a backend whose servers nearly all take requests, one of so many draws finds one.
constexpr int most_draws = 4;

class PluginChainPolicy final : public model::Policy {
public:
    PluginChainPolicy(const model::PluginChain& chain,
                      const std::vector<model::Endpoint>& endpoints)
        : endpoints_(endpoints) {
        for (const auto& plugin : chain.plugins) {
            plugins_.push_back(
                find_plugin(plugin.name)->make({plugin.param, endpoints, chain.max_score}));
            if (plugin.name == "stickiness" && cookie_.empty()) cookie_ = plugin.param;
        }
        is_random_ = chain.plugins.front().name == "random";
    }

    const model::Endpoint* pick(const model::PickInput& input,
                                model::Cursor& cursor) const override {
        if (endpoints_.empty()) return nullptr;
        if (is_random_) {
            for (int draw = 0; draw < most_draws; ++draw) {
                const auto size = static_cast<std::uint32_t>(endpoints_.size());
                const auto& drawn = endpoints_[cursor.random.below(size)];
                if (input.allows(drawn)) return &drawn;
            }
        }
        // Keeps its capacity: after the first picks nothing is allocated.
        static thread_local Candidates candidates;
        fill(candidates, input);
        if (candidates.empty()) return nullptr;
        for (const auto& plugin : plugins_) {
            if (candidates.size() == 1) break;
            plugin->narrow(candidates, input, cursor.random);
        }
        return candidates.size() == 1 ? candidates.front() : nullptr;
    }

    std::string_view cookie() const noexcept override { return cookie_; }

private:
    void fill(Candidates& candidates, const model::PickInput& input) const {
        candidates.clear();
        auto without_ejections = input;
        without_ejections.ignore_ejections = false;
        for (const auto& endpoint : endpoints_) {
            if (!input.allows(endpoint)) continue;
            // Asked again because the first time nobody was chosen: where that was for a tie, those
            // that are ejected do not break it.
            if (input.ignore_ejections && without_ejections.allows(endpoint)) {
                candidates.clear();
                return;
            }
            candidates.push_back(&endpoint);
        }
    }

    const std::vector<model::Endpoint>& endpoints_;
    std::vector<PluginPtr> plugins_;
    std::string_view cookie_;
    bool is_random_ = false;  // the first plugin leaves one, whoever takes requests
};

}  // namespace

model::PolicyPtr make_plugin_chain(const model::PluginChain& chain,
                                   const std::vector<model::Endpoint>& endpoints) {
    return std::make_unique<PluginChainPolicy>(chain, endpoints);
}

}  // namespace fairlead::balance
