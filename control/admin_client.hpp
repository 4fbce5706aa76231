// Asks the admin endpoint of a running Fairlead, for the commands of the same names.
//
// Threads: any; blocks its caller, for a few seconds at most.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"

#include <string>
#include <string_view>

namespace fairlead::control {

/// Reads `http://127.0.0.1:9901`, `127.0.0.1:9901` or `unix:/path`.
Checked<model::Address> parse_admin_url(std::string_view text);

/// The body of a 200, or a sentence that says why there is none.
Checked<std::string> ask_admin(const model::Address& admin, const std::string& path);

}  // namespace fairlead::control
