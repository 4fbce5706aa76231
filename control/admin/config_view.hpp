// The effective configuration: each key of the process with its value and where that comes from;
// of services what is set for them. Routes are `/routes`' business.
//
// Threads: control. Cost: for people.
#pragma once

#include "control/config/config_loader.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/snapshot.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

struct EffectiveSetting {
    std::string key;                   // "listeners[0].bind"
    std::optional<std::string> value;  // none: there is no such thing
    std::string origin;                // "file: f.yaml:2:5", "default", "front: alb"

    bool operator==(const EffectiveSetting&) const = default;
};

/// The process' own settings, in the order of the documentation. Passwords and tokens are left out.
std::vector<EffectiveSetting> effective_settings(const std::vector<GivenSetting>& given,
                                                 const model::ProcessSettings& settings);

/// What is set for the services, by whichever source; what is not has the default of
/// `services.*.KEY`.
std::vector<EffectiveSetting> effective_settings(const model::Snapshot& snapshot);

/// {"settings": [{"key", "value", "origin"}], "services": [the same], "needs_restart": [groups]}
boost::json::object config_view(const std::vector<GivenSetting>& given,
                                const model::ProcessSettings& settings,
                                const model::Snapshot& snapshot,
                                const std::vector<std::string_view>& needs_restart);

}  // namespace fairlead::control
