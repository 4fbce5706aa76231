// The admin endpoint's JSON as aligned text, for people.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/checked.hpp"

#include <string>
#include <string_view>

namespace fairlead::control {

/// Each takes the body of the page of the same name; a problem when it is not what is expected.
Checked<std::string> routes_table(std::string_view body);
Checked<std::string> services_table(std::string_view body);
Checked<std::string> version_text(std::string_view body);

}  // namespace fairlead::control
