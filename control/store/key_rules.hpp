// How Redx's keys are read: what the configuration's `api` says of API routes.
//
// Threads: any (value).
#pragma once

#include "proxy/model/config.hpp"
#include "proxy/model/shared_value.hpp"

#include <algorithm>

namespace fairlead::control {

struct KeyRules {
    unsigned max_path_length;  // path segments that frontends are matched by; deeper never match
    model::SharedValue<model::PluginChain> plugins;  // choose the servers; never null
    bool has_stickiness;

    KeyRules(const model::ApiSettings& api)  // NOLINT: the settings are the rules
        : max_path_length(api.max_path_length),
          plugins(api.plugins),
          has_stickiness(std::any_of(api.plugins.plugins.begin(), api.plugins.plugins.end(),
                                     [](const auto& one) { return one.name == "stickiness"; })) {}
    /// All else as it is without a configuration.
    KeyRules(unsigned most_segments)  // NOLINT: the one that matters
        : KeyRules(model::ApiSettings()) {
        max_path_length = most_segments;
    }
};

}  // namespace fairlead::control
