// What a file would change in the running Fairlead, as JSON, for POST /diff.
//
// Threads: control.
#pragma once

#include "control/change_records.hpp"
#include "control/config/config_loader.hpp"

#include <boost/json/object.hpp>

#include <vector>

namespace fairlead::control {

/// {"differences": [{"event", "name", "before", "after", "origin"}], "more": how many there are
/// beyond those, "needs_restart": [groups]}. `settings` and `given`: of the running process.
boost::json::object diff_view(const Differences& changes, const model::ProcessSettings& settings,
                              const std::vector<GivenSetting>& given, const LoadedConfig& file);

}  // namespace fairlead::control
