// A line as one JSON object. docs/access-log.md describes its keys.
//
// Threads: one worker. Cost: no allocation; keys whose value is empty are left out.
#pragma once

#include "proxy/access_log/record.hpp"

#include <string_view>

namespace fairlead::access_log {

/// Writes the line and its '\n'; returns its end. Requires: most_line_bytes at `out`.
char* write_json(char* out, const Record& record, std::string_view time) noexcept;

}  // namespace fairlead::access_log
