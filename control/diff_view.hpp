// What a file would change in the running Fairlead, as JSON, for POST /diff.
//
// Threads: control.
#pragma once

#include "control/config_loader.hpp"
#include "control/reconciler.hpp"

#include <boost/json/object.hpp>

#include <vector>

namespace fairlead::control {

/// {"differences": [{"event", "name", "before", "after", "origin"}], "losers": [routes that another
/// would take precedence over from then on], "needs_restart": [groups]}. `settings` and `given`: of
/// the running process.
boost::json::object diff_view(const Reconciler::Preview& preview,
                              const model::ProcessSettings& settings,
                              const std::vector<GivenSetting>& given, const LoadedConfig& file);

}  // namespace fairlead::control
