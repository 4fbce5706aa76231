// Bytes that somebody else wrote, made fit for a sentence: in a reason, a log line, a JSON page.
//
// Threads: any (pure).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::control {

/// RFC 3629: no bytes that are none, no overlong forms, no surrogates.
bool is_utf8(std::string_view text) noexcept;

/// The text itself where it is short, UTF-8 and without control characters. Else those bytes are
/// written \xHH, and of what is longer than `longest` bytes the beginning is shown and its size:
/// "aaaa... (1048576 bytes)". Cost: bounded by `longest`, whatever the size of the text.
std::string shown(std::string_view text, std::size_t longest = 100);

}  // namespace fairlead::control
