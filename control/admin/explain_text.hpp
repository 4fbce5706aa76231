// The JSON of /explain, /events and /diff as text, for people.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/checked.hpp"

#include <string>
#include <string_view>

namespace fairlead::control {

/// Each takes what the admin endpoint said; a problem when it is not what is expected.
Checked<std::string> explain_text(std::string_view body);
Checked<std::string> diff_text(std::string_view body);
/// Of one event's data: a line.
Checked<std::string> event_text(std::string_view data);

/// Whether /diff tells of no difference, be it one that is not shown (a token). False also where
/// the body is not what is expected.
bool is_same(std::string_view diff_body);

}  // namespace fairlead::control
