// ASCII-only text helpers: HTTP, host names and labels are bytes, never locale text.
//
// Threads: any (pure). Cost: no allocation unless the result is a std::string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::ascii {

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
constexpr bool is_alnum(char c) noexcept {
    return is_digit(c) || is_alpha(c);
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = to_lower(c);
    return out;
}

/// Equality without regard to case; `lowered` must already be lower case.
constexpr bool iequals(std::string_view text, std::string_view lowered) noexcept {
    if (text.size() != lowered.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (to_lower(text[i]) != lowered[i]) return false;
    }
    return true;
}

/// Without leading and trailing spaces and tabs (HTTP's OWS).
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Calls fn(item) for each trimmed, non-empty item of a comma list; stops when fn returns false.
template <class Fn>
constexpr void each_item(std::string_view list, Fn&& fn) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto item = trim(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (!item.empty() && !fn(item)) return;
    }
}

}  // namespace fairlead::ascii
