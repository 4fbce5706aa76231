#include "control/store/shown_text.hpp"

#include <fmt/format.h>

namespace fairlead::control {
namespace {

/// The length of the sequence that `text` begins with, 0 where it is none (RFC 3629 4).
std::size_t sequence_size(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const auto first = byte(0);
    if (first < 0x80) return text.empty() ? 0 : 1;
    if (first >= 0xc2 && first <= 0xdf) return is_tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const auto second = byte(1);
        if (first == 0xe0 && second < 0xa0) return 0;  // overlong
        if (first == 0xed && second > 0x9f) return 0;  // surrogates
        return is_tail(1) && is_tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const auto second = byte(1);
        if (first == 0xf0 && second < 0x90) return 0;  // overlong
        if (first == 0xf4 && second > 0x8f) return 0;  // beyond U+10FFFF
        return is_tail(1) && is_tail(2) && is_tail(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto size = sequence_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string shown(std::string_view text, std::size_t longest) {
    std::string out;
    auto rest = text.substr(0, longest);
    while (!rest.empty()) {
        const auto size = sequence_size(rest);
        const auto byte = static_cast<unsigned char>(rest[0]);
        if (size == 0 || byte < 0x20 || byte == 0x7f) {
            // Of a sequence that `longest` cut, nothing is shown.
            if (byte >= 0x80 && text.size() > longest && rest.size() < 4) break;
            out.append(fmt::format("\\x{:02x}", byte));
            rest.remove_prefix(1);
        } else {
            out.append(rest.substr(0, size));
            rest.remove_prefix(size);
        }
    }
    if (text.size() > longest) out.append(fmt::format("... ({} bytes)", text.size()));
    return out;
}

}  // namespace fairlead::control
