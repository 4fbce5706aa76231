// A service's settings as the configuration file calls and writes them, one by one: for everything
// that shows them or compares them.
//
// Threads: any (pure).
#pragma once

#include "proxy/model/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

struct SettingValue {
    std::string_view key;  // "timeouts.connect"
    std::string value;     // "3s"

    bool operator==(const SettingValue&) const = default;
};

/// All of them, always in the same order; those below `tls` only where there is TLS.
std::vector<SettingValue> setting_values(const model::ServiceSettings& settings);

/// "file: fairlead.yaml:12:5", or "default".
std::string setting_origin(const model::ServiceSettings& settings, std::string_view key);

}  // namespace fairlead::control
