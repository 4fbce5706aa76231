// What the rows of config_schema.cpp for API routes' plugins and for the fallback do with a checked
// value.
//
// Threads: any (pure but for the Draft given).
#pragma once

#include "control/config/config_schema.hpp"

#include <string_view>

namespace fairlead::control {

namespace begin {
Checked<> plugin(Draft& draft, std::string_view name);
}  // namespace begin

namespace end {
Checked<> plugin(Draft& draft);
Checked<> plugins(Draft& draft);
}  // namespace end

namespace set {
Checked<> plugin_name(Draft& draft, const Value& value);
Checked<> plugin_score(Draft& draft, const Value& value);
Checked<> plugin_weighted_score(Draft& draft, const Value& value);
Checked<> plugin_stickiness(Draft& draft, const Value& value);
Checked<> fallback(Draft& draft, const Value& value);
}  // namespace set

}  // namespace fairlead::control
