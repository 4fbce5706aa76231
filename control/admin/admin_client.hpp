// Asks the admin endpoint of a running Fairlead, for the commands of the same names.
//
// Threads: any; blocks its caller, for a few seconds at most (but follow_admin).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace fairlead::control {

/// Reads `http://127.0.0.1:9901`, `127.0.0.1:9901` or `unix:/path`.
Checked<model::Address> parse_admin_url(std::string_view text);

/// The body of a 200, or a sentence that says why there is none.
Checked<std::string> ask_admin(const model::Address& admin, const std::string& path);
/// The same of a POST with that body.
Checked<std::string> post_admin(const model::Address& admin, const std::string& path,
                                std::string body);

/// Calls `take` with each of the server-sent events at that path, until they end: then says why,
/// or nothing where that is how it should be.
Checked<> follow_admin(
    const model::Address& admin, const std::string& path,
    const std::function<void(std::string_view event, std::string_view data)>& take);

}  // namespace fairlead::control
