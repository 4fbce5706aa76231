// What keeps a process from starting although each key of its file is good: addresses that cannot
// be listened on, or twice; certificates that do not load.
//
// Threads: any. Reads the certificates' files; binds nothing, so an address that another process
// has is not found.
#pragma once

#include "proxy/model/config.hpp"

#include <string>
#include <vector>

namespace fairlead::control {

/// For people, as "listener localhost:80: ..."; none: it can start.
std::vector<std::string> problems_at_start(const model::ProcessSettings& settings);

}  // namespace fairlead::control
