// A line in Combined Log Format, as nginx and Apache write it, and what else we know behind it as
// key=value. docs/access-log.md describes its fields.
//
// Threads: one worker. Cost: no allocation. "-" stands for what there is none of.
#pragma once

#include "proxy/access_log/record.hpp"

#include <string_view>

namespace fairlead::access_log {

/// Writes the line and its '\n'; returns its end. Requires: most_line_bytes at `out`.
char* write_text(char* out, const Record& record, std::string_view time) noexcept;

}  // namespace fairlead::access_log
