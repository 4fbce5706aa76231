// ASCII-only text helpers: HTTP, host names and labels are bytes, never locale text.
//
// Threads: any (pure). Cost: no allocation unless the result is a std::string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

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
constexpr bool is_hex(char c) noexcept {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}
constexpr bool is_alnum(char c) noexcept {
    return is_digit(c) || is_alpha(c);
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = to_lower(c);
    return out;
}

namespace detail {

/// Eight bytes at once, each as to_lower() has it.
constexpr std::uint64_t lower_eight(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    const std::uint64_t low = bytes & (ones * 0x7f);
    const std::uint64_t from_a = low + ones * (0x80 - 'A');
    const std::uint64_t beyond_z = low + ones * (0x7f - 'Z');
    const std::uint64_t upper = (from_a ^ beyond_z) & ~bytes & (ones * 0x80);
    return bytes | (upper >> 2U);
}

template <class Word>
bool word_iequals(const char* text, const char* lowered) noexcept {
    Word a = 0;
    Word b = 0;
    std::memcpy(&a, text, sizeof a);
    std::memcpy(&b, lowered, sizeof b);
    return lower_eight(a) == b;
}

/// Words from the front, and one that ends where the text does.
template <class Word>
bool words_iequal(const char* text, const char* lowered, std::size_t size) noexcept {
    for (std::size_t at = 0; at + sizeof(Word) < size; at += sizeof(Word)) {
        if (!word_iequals<Word>(text + at, lowered + at)) return false;
    }
    return word_iequals<Word>(text + size - sizeof(Word), lowered + size - sizeof(Word));
}

}  // namespace detail

/// Equality without regard to case; `lowered` must already be lower case.
constexpr bool iequals(std::string_view text, std::string_view lowered) noexcept {
    if (text.size() != lowered.size()) return false;
    if (!std::is_constant_evaluated() && text.size() >= 4) {
        return text.size() >= 8
                   ? detail::words_iequal<std::uint64_t>(text.data(), lowered.data(), text.size())
                   : detail::words_iequal<std::uint32_t>(text.data(), lowered.data(), text.size());
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (to_lower(text[i]) != lowered[i]) return false;
    }
    return true;
}

/// The same where neither is known to be lower case.
constexpr bool same_but_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

/// Without leading and trailing spaces and tabs (HTTP's OWS).
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Calls fn(item) for each trimmed, non-empty item of a list; stops when fn returns false.
template <class Fn>
constexpr void each_item(std::string_view list, Fn&& fn, char separator = ',') {
    while (!list.empty()) {
        const auto end = list.find(separator);
        const auto item = trim(list.substr(0, end));
        list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
        if (!item.empty() && !fn(item)) return;
    }
}

}  // namespace fairlead::ascii
