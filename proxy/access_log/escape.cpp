#include "proxy/access_log/escape.hpp"

#include "proxy/base/copy_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fairlead::access_log {
namespace {

constexpr std::string_view cut_mark = "...";
constexpr std::size_t longest_unit = 6;  // \u00XX

constexpr std::uint64_t all_bytes(std::uint64_t byte) {
    return byte * 0x0101010101010101ULL;
}

/// Non-zero where one of the eight bytes is '"', '\', a control byte or beyond ASCII. A borrow can
/// only make a byte look special above one that is.
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
    const auto zero_bytes = [](std::uint64_t x) { return (x - all_bytes(1)) & ~x; };
    const std::uint64_t control = (word - all_bytes(0x20)) & ~word;
    const std::uint64_t high = (word + all_bytes(1)) | word;  // 0x7f and above
    const std::uint64_t quotes = zero_bytes(word ^ all_bytes('"'));
    const std::uint64_t slashes = zero_bytes(word ^ all_bytes('\\'));
    return (control | high | quotes | slashes) & all_bytes(0x80);
}

std::uint64_t word_at(const char* p) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    return word;
}

/// Copies sixteen bytes. False: one of them is special.
bool copy_sixteen(char* out, const char* p) noexcept {
#if defined(__SSE2__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    // Compared with a sign, so that bytes above ASCII are below the space.
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                       _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, marks), del)) == 0;
#else
    std::memcpy(out, p, 2 * sizeof(std::uint64_t));
    return (special_bytes(word_at(p)) | special_bytes(word_at(p + 8))) == 0;
#endif
}

/// Copies the whole text where nothing in it is special: nearly always. The last step goes back
/// over bytes that have been copied, rather than byte by byte over the rest.
bool copy_plain(char* out, std::string_view text) noexcept {
    const char* const p = text.data();
    const auto size = text.size();
    if (size >= 16) {
        for (std::size_t i = 0; i + 16 <= size; i += 16) {
            if (!copy_sixteen(out + i, p + i)) return false;
        }
        return copy_sixteen(out + size - 16, p + size - 16);
    }
    copy_text(out, text);
    if (size >= 8) return (special_bytes(word_at(p)) | special_bytes(word_at(p + size - 8))) == 0;
    std::uint64_t word = all_bytes('a');
    for (const char c : text) word = word << 8 | static_cast<unsigned char>(c);
    return special_bytes(word) == 0;
}

constexpr bool is_special(unsigned char c) noexcept {
    return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

/// The length of the UTF-8 sequence that `text` begins with, 0 where it is none (RFC 3629 4).
std::size_t sequence_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned from = 0x80, unsigned to = 0xbf) {
        return i < text.size() && byte(i) >= from && byte(i) <= to;
    };
    const unsigned first = byte(0);
    if (first < 0xc2 || first > 0xf4) return 0;
    if (first < 0xe0) return follows(1) ? 2 : 0;
    if (first < 0xf0) {
        const unsigned from = first == 0xe0 ? 0xa0 : 0x80;  // no overlong forms
        const unsigned to = first == 0xed ? 0x9f : 0xbf;    // no surrogates
        return follows(1, from, to) && follows(2) ? 3 : 0;
    }
    const unsigned from = first == 0xf0 ? 0x90 : 0x80;
    const unsigned to = first == 0xf4 ? 0x8f : 0xbf;  // nothing beyond U+10FFFF
    return follows(1, from, to) && follows(2) && follows(3) ? 4 : 0;
}

char* put(char* out, std::string_view text) noexcept {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

/// One byte, or one sequence, of what is_special(). Takes it from the front of `text`.
char* put_json_unit(char* out, std::string_view& text) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
        const auto length = sequence_length(text);
        out = length == 0 ? put(out, "\\ufffd") : put(out, text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
        return out;
    }
    text.remove_prefix(1);
    *out++ = '\\';
    if (c == '"' || c == '\\') {
        *out++ = static_cast<char>(c);
        return out;
    }
    out = put(out, "u00");
    *out++ = digits[c >> 4];
    *out++ = digits[c & 15];
    return out;
}

char* put_text_unit(char* out, std::string_view& text) noexcept {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto c = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    out = put(out, "\\x");
    *out++ = digits[c >> 4];
    *out++ = digits[c & 15];
    return out;
}

template <auto put_unit>
char* escape(char* out, std::string_view text, std::size_t room) noexcept {
    if (text.empty()) return out;
    if (text.size() <= room && copy_plain(out, text)) return out + text.size();
    const char* const limit = out + room - cut_mark.size();
    while (!text.empty()) {
        if (out + longest_unit > limit) return put(out, cut_mark);
        if (is_special(static_cast<unsigned char>(text.front()))) {
            out = put_unit(out, text);
        } else {
            *out++ = text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace

char* escape_json(char* out, std::string_view text, std::size_t room) noexcept {
    return escape<put_json_unit>(out, text, room);
}

char* escape_text(char* out, std::string_view text, std::size_t room) noexcept {
    return escape<put_text_unit>(out, text, room);
}

}  // namespace fairlead::access_log
