// Redx's chain of balancing plugins, as its users write it: by which an API route's server is
// chosen. proxy/balance/plugin_chain.hpp makes a policy of it.
//
// Threads: any (values).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fairlead::model {

struct Plugin {
    std::string name = "random";  // a row of proxy/balance/plugin_registry.cpp
    std::string param = {};       // "least", a cookie's name; "" where the plugin takes none

    bool operator==(const Plugin&) const = default;
};

struct PluginChain {
    std::vector<Plugin> plugins = {Plugin()};
    std::optional<double> max_score = {};  // the backend's `max_score`, of its own config

    bool operator==(const PluginChain&) const = default;
};

/// "stickiness(sess), random"
inline std::string to_string(const PluginChain& chain) {
    std::string text;
    for (const auto& plugin : chain.plugins) {
        text.append(text.empty() ? "" : ", ").append(plugin.name);
        if (!plugin.param.empty()) text.append("(").append(plugin.param).append(")");
    }
    return text;
}

}  // namespace fairlead::model
