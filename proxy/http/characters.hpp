// Character classes of RFC 9110 and 3986 as one table lookup.
//
// Threads: any (constants).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::http {

enum CharacterClass : std::uint8_t {
    token_character = 1,   // RFC 9110 5.6.2: names of methods and fields
    value_character = 2,   // RFC 9110 5.5: visible, space, tab, obs-text
    target_character = 4,  // visible ASCII but '#': a request target has no fragment
    // RFC 3986 3.2.2 has more in a reg-name, escapes and sub-delims; RFC 9110 4.2 has DNS names in
    // mind, and two readers of "a,b" or "%61" may mean different hosts.
    host_character = 8,
    hex_digit = 16,
    dot = 32,
    capital = 64,
};

constexpr std::array<std::uint8_t, 256> make_character_table() {
    std::array<std::uint8_t, 256> table = {};
    const auto set = [&](std::string_view characters, std::uint8_t bits) {
        for (char c : characters) table[static_cast<unsigned char>(c)] |= bits;
    };
    constexpr std::string_view alnum =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    set(alnum, token_character | host_character);
    set("!#$%&'*+-.^_`|~", token_character);
    set("-._~", host_character);
    set("0123456789abcdefABCDEF", hex_digit);
    set(".", dot);
    set("ABCDEFGHIJKLMNOPQRSTUVWXYZ", capital);
    for (unsigned c = 0x21; c <= 0x7e; ++c) table[c] |= target_character | value_character;
    table['#'] &= static_cast<std::uint8_t>(~target_character);
    for (unsigned c = 0x80; c <= 0xff; ++c) table[c] |= value_character;
    table[' '] |= value_character;
    table['\t'] |= value_character;
    return table;
}

inline constexpr auto character_table = make_character_table();

constexpr std::uint8_t classes_of(char c) noexcept {
    return character_table[static_cast<unsigned char>(c)];
}

constexpr bool is(char c, std::uint8_t classes) noexcept {
    return (classes_of(c) & classes) != 0;
}

constexpr bool all_are(std::string_view text, std::uint8_t classes) noexcept {
    for (char c : text) {
        if (!is(c, classes)) return false;
    }
    return true;
}

}  // namespace fairlead::http
