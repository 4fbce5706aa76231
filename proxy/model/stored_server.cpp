#include "proxy/model/stored_server.hpp"

#include "proxy/base/ascii.hpp"

#include <cstddef>
#include <cstdint>

namespace fairlead::model {
namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '+':
            out.append("%2b");
            return;
        case '/':
            out.append("%2f");
            return;
        case '=':
            out.append("%3d");
            return;
        default:
            out.push_back(c);
    }
}

/// -1: no hexadecimal digit.
int hex_value(char c) noexcept {
    if (ascii::is_digit(c)) return c - '0';
    const char lower = ascii::to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The first character of `text`, decoded where it is percent-encoded; takes it off.
char take_decoded(std::string_view& text) noexcept {
    const char first = text.front();
    if (first == '%' && text.size() >= 3) {
        const int high = hex_value(text[1]);
        const int low = hex_value(text[2]);
        if (high >= 0 && low >= 0) {
            text.remove_prefix(3);
            return static_cast<char>(high * 16 + low);
        }
    }
    text.remove_prefix(1);
    return first;
}

}  // namespace

std::string sticky_cookie(std::string_view server) {
    const auto host_and_port = server.substr(0, server.find('/'));
    std::string out;
    for (std::size_t at = 0; at < host_and_port.size(); at += 3) {
        const auto part = host_and_port.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (i < part.size() ? static_cast<unsigned char>(part[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) {
            const auto digit = base64_digits[bits >> (18 - 6 * i) & 63U];
            append_escaped(out, i <= part.size() ? digit : '=');
        }
    }
    return out;
}

bool same_cookie(std::string_view one, std::string_view other) noexcept {
    while (!one.empty() && !other.empty()) {
        if (take_decoded(one) != take_decoded(other)) return false;
    }
    return one.empty() && other.empty();
}

}  // namespace fairlead::model
