// JSON written straight into a string, without spaces: for answers that list a whole store, where
// building values first would cost several times the answer.
//
// Threads: any (pure).
#pragma once

#include <string>
#include <string_view>

namespace fairlead::control {

/// With quotes around it; quote, backslash and control characters are escaped. All other bytes go
/// through as they are: names are bytes, and come back as they came.
void append_json(std::string& out, std::string_view text);

/// A number where the text is one in JSON's form ("30", "1.5", not "007"), else a string.
void append_json_score(std::string& out, std::string_view text);

}  // namespace fairlead::control
