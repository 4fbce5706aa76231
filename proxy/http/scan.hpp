// Finds where a run of allowed bytes ends: what the head parser does with each byte it reads.
//
// Sixteen bytes at a step where the compiler has SSE2, else one; both say the same. `from`, at or
// before `p`, is where readable bytes begin: the last step of a run looks back to there.
//
// Threads: any (pure). Reads nothing outside [from, end).
#pragma once

#include "proxy/http/characters.hpp"

#if defined(__SSE2__)
#include <bit>
#include <emmintrin.h>
#endif

namespace fairlead::http::scan {

#if defined(__SSE2__)
namespace detail {

/// The first byte for which `stops` has a bit. Null: there is none up to `p`, which has moved.
template <class Stops>
const char* by_sixteen(const char* from, const char*& p, const char* end, Stops stops) noexcept {
    const auto mask_at = [&](const char* at) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        return static_cast<unsigned>(_mm_movemask_epi8(stops(bytes)));
    };
    for (; end - p >= 16; p += 16) {
        const auto mask = mask_at(p);
        if (mask != 0) return p + std::countr_zero(mask);
    }
    if (p == end || end - from < 16) return nullptr;
    const auto mask = mask_at(end - 16) >> (16 - (end - p));
    if (mask != 0) return p + std::countr_zero(mask);
    p = end;
    return nullptr;
}

inline __m128i is_at_most(__m128i bytes, char limit) noexcept {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(limit)), bytes);
}

inline __m128i is_equal(__m128i bytes, char c) noexcept {
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

}  // namespace detail
#endif

/// The first byte that no field value has (RFC 9110 5.5): a control but tab, CR and LF among them.
inline const char* value_end(const char* from, const char* p, const char* end) noexcept {
#if defined(__SSE2__)
    const auto stops = [](__m128i bytes) {
        const __m128i controls = detail::is_at_most(bytes, 0x1f);
        const __m128i tabs = detail::is_equal(bytes, '\t');
        return _mm_or_si128(_mm_andnot_si128(tabs, controls), detail::is_equal(bytes, 0x7f));
    };
    if (const char* const stop = detail::by_sixteen(from, p, end, stops)) return stop;
#else
    static_cast<void>(from);
#endif
    while (p != end && is(*p, value_character)) ++p;
    return p;
}

/// The first byte that no request target has: a space, '#', a control, anything above ASCII.
inline const char* target_end(const char* from, const char* p, const char* end) noexcept {
#if defined(__SSE2__)
    const auto stops = [](__m128i bytes) {
        // Compared with a sign, so that bytes above ASCII are below the space.
        const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
        const __m128i bad =
            _mm_or_si128(detail::is_equal(bytes, '#'), detail::is_equal(bytes, 0x7f));
        return _mm_or_si128(low, bad);
    };
    if (const char* const stop = detail::by_sixteen(from, p, end, stops)) return stop;
#else
    static_cast<void>(from);
#endif
    while (p != end && is(*p, target_character)) ++p;
    return p;
}

/// The first byte that no token has. Sets `underscore` where the token has one, else leaves it.
inline const char* token_end(const char* from, const char* p, const char* end,
                             bool& underscore) noexcept {
#if defined(__SSE2__)
    // Nearly all names are letters and '-', then a colon: those at once, whatever else one by one.
    const auto others = [](__m128i bytes) {
        const __m128i lowered = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letters =
            detail::is_at_most(_mm_sub_epi8(lowered, _mm_set1_epi8('a')), 'z' - 'a');
        const __m128i usual = _mm_or_si128(letters, detail::is_equal(bytes, '-'));
        return _mm_cmpeq_epi8(usual, _mm_setzero_si128());
    };
    if (const char* const other = detail::by_sixteen(from, p, end, others)) {
        if (*other == ':') return other;
        p = other;
    }
#else
    static_cast<void>(from);
#endif
    for (; p != end && is(*p, token_character); ++p) underscore = underscore || *p == '_';
    return p;
}

}  // namespace fairlead::http::scan
