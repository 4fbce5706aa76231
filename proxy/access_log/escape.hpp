// Texts from outside, made fit to stand between quotes: whatever a client sends, a line stays one
// line and its fields keep their ends.
//
// Threads: any (pure). Cost: sixteen bytes a step where nothing needs an escape. What does not fit
// into `room` bytes is cut, and the cut is shown as "...".
#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::access_log {

/// The content of a JSON string (RFC 8259 7). Bytes that are no UTF-8 become U+FFFD.
/// Requires: room >= 16. Returns the end of what was written.
char* escape_json(char* out, std::string_view text, std::size_t room) noexcept;

/// As nginx writes its logs: '"', '\', control bytes and everything beyond ASCII as \xHH.
char* escape_text(char* out, std::string_view text, std::size_t room) noexcept;

}  // namespace fairlead::access_log
