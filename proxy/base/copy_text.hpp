// Copies a text that is mostly short, as the pieces of heads and log lines are: no call for up to
// 32 bytes, and no loop from four on.
//
// Threads: any (pure).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairlead {

namespace detail {

// Sixteen bytes as one value.
struct Block {
    std::uint64_t low, high;
};

/// Of a text that is as long as one Word, or up to twice that.
template <class Word>
void copy_ends(char* to, std::string_view text) noexcept {
    Word first;
    Word last;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + text.size() - sizeof last, &last, sizeof last);
}

}  // namespace detail

/// The end of the copy. The two do not overlap.
inline char* copy_text(char* to, std::string_view text) noexcept {
    const auto size = text.size();
    if (size > 2 * sizeof(detail::Block)) {
        std::memcpy(to, text.data(), size);
    } else if (size >= sizeof(detail::Block)) {
        detail::copy_ends<detail::Block>(to, text);
    } else if (size >= sizeof(std::uint64_t)) {
        detail::copy_ends<std::uint64_t>(to, text);
    } else if (size >= sizeof(std::uint32_t)) {
        detail::copy_ends<std::uint32_t>(to, text);
    } else {
        for (std::size_t i = 0; i < size; ++i) to[i] = text[i];
    }
    return to + size;
}

}  // namespace fairlead
