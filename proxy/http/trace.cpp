#include "proxy/http/trace.hpp"

#include "proxy/base/ascii.hpp"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fairlead::http {
namespace {

// The sixteen hex digits of a number, the highest first. Both ways write the same.
#if defined(__SSE2__)
void write_hex(char* to, std::uint64_t number) noexcept {
    const auto highest_first = static_cast<long long>(__builtin_bswap64(number));
    const __m128i bytes = _mm_set_epi64x(0, highest_first);
    const __m128i low_half = _mm_set1_epi8(0xf);
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), low_half);
    const __m128i digits = _mm_unpacklo_epi8(high, _mm_and_si128(bytes, low_half));
    const __m128i is_letter = _mm_cmpgt_epi8(digits, _mm_set1_epi8(9));
    const __m128i to_letter = _mm_and_si128(is_letter, _mm_set1_epi8('a' - '9' - 1));
    const __m128i text = _mm_add_epi8(_mm_add_epi8(digits, _mm_set1_epi8('0')), to_letter);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), text);
}
#else
void write_hex(char* to, std::uint64_t number) noexcept {
    for (std::size_t at = 16; at > 0; number >>= 4) to[--at] = "0123456789abcdef"[number & 15];
}
#endif

constexpr bool is_lower_hex(char c) noexcept {
    return ascii::is_digit(c) || (c >= 'a' && c <= 'f');
}
constexpr bool is_hex(char c) noexcept {
    return is_lower_hex(ascii::to_lower(c));
}

bool is_zero(std::string_view digits) noexcept {
    return digits.find_first_not_of('0') == std::string_view::npos;
}

/// W3C Trace Context 3.2.2: version "-" trace-id "-" parent-id "-" flags. A later version may go on
/// behind that.
struct Traceparent {
    std::string_view trace_id;
    std::string_view parent_id;
    bool sampled = false;
    bool is_valid = false;
};

Traceparent parse_traceparent(std::string_view text) noexcept {
    constexpr std::size_t size_of_00 = 55;
    constexpr std::string_view shape = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    Traceparent parsed;
    if (text.size() < size_of_00) return parsed;
    for (std::size_t i = 0; i < size_of_00; ++i) {
        if (shape[i] == 'h' ? !is_lower_hex(text[i]) : text[i] != '-') return parsed;
    }
    const auto version = text.substr(0, 2);
    if (version == "ff") return parsed;
    if (text.size() > size_of_00 && (version == "00" || text[size_of_00] != '-')) return parsed;
    parsed.trace_id = text.substr(3, 32);
    parsed.parent_id = text.substr(36, 16);
    const char low = text[54];
    parsed.sampled = ((low <= '9' ? low - '0' : low - 'a' + 10) & 1) != 0;
    parsed.is_valid = !is_zero(parsed.trace_id) && !is_zero(parsed.parent_id);
    return parsed;
}

/// "1-5759e988-bd862e3fe1be46a994272793": the root of an X-Amzn-Trace-Id.
bool is_root(std::string_view text) noexcept {
    constexpr std::string_view shape = "1-hhhhhhhh-hhhhhhhhhhhhhhhhhhhhhhhh";
    if (text.size() != shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 'h' ? !is_hex(text[i]) : text[i] != shape[i]) return false;
    }
    return !is_zero(text.substr(2, 8)) || !is_zero(text.substr(11));
}

constexpr FieldSet w3c_fields() noexcept {
    FieldSet set;
    set.add(FieldId::traceparent);
    set.add(FieldId::tracestate);
    return set;
}

}  // namespace

Trace::Trace(const RequestHead& head, const model::TraceSettings& settings, Random& random,
             std::uint32_t now) noexcept {
    Parent parent;
    const bool has_w3c = read_traceparent(head, parent);
    const bool has_amzn = head.present.has(FieldId::x_amzn_trace_id);
    if (has_amzn) read_amzn(head, parent, has_w3c);
    const bool adds_amzn = settings.create_amzn && !has_amzn;
    const bool adds_w3c = settings.create_w3c && !has_w3c;
    if (!adds_amzn && !adds_w3c) return;
    if (id_size_ == 0) make_id(random, now);
    if (adds_amzn) add_amzn(parent);
    if (!adds_w3c) return;
    // In place of what is none, and of what belonged to that: tracestate (3.3, 4.3).
    stopped_ = w3c_fields();
    add_traceparent(parent, settings.sampled, random);
}

/// True: there is a valid one, which is passed on.
bool Trace::read_traceparent(const RequestHead& head, Parent& parent) noexcept {
    if (!head.present.has(FieldId::traceparent)) return false;
    Traceparent found;
    std::size_t count = 0;
    for (const auto& field : head.fields) {
        if (field.id != FieldId::traceparent) continue;
        found = parse_traceparent(field.value);
        ++count;
    }
    if (count != 1 || !found.is_valid) return false;
    set_id(found.trace_id, {});
    parent = {found.parent_id, found.sampled ? '1' : '0'};
    return true;
}

/// Always passed on as it is, whatever it is. `has_id`: a traceparent has said it all.
void Trace::read_amzn(const RequestHead& head, Parent& parent, bool has_id) noexcept {
    std::string_view root;
    Parent said;
    for (const auto& field : head.fields) {
        if (field.id != FieldId::x_amzn_trace_id || !root.empty()) continue;
        for (auto rest = field.value; !rest.empty();) {
            const auto end = rest.find(';');
            const auto item = ascii::trim(rest.substr(0, end));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            if (item.starts_with("Root=") && is_root(item.substr(5))) root = item.substr(5);
            if (item.starts_with("Parent=")) said.id = item.substr(7);
            if (item == "Sampled=0" || item == "Sampled=1") said.sampled = item.back();
        }
    }
    if (root.empty()) return;
    const auto before = id();
    if (has_id) {
        const bool is_same = ascii::same_but_case(root.substr(2, 8), before.substr(0, 8)) &&
                             ascii::same_but_case(root.substr(11), before.substr(8));
        if (!is_same) amzn_root_ = root;
        return;
    }
    set_id(root.substr(2, 8), root.substr(11));
    parent.sampled = said.sampled;
    const bool is_parent = said.id.size() == parent_digits && !is_zero(said.id) &&
                           std::all_of(said.id.begin(), said.id.end(), is_lower_hex);
    if (is_parent) parent.id = said.id;
}

void Trace::set_id(std::string_view first, std::string_view second) noexcept {
    char* at = std::transform(first.begin(), first.end(), id_.data(), ascii::to_lower);
    std::transform(second.begin(), second.end(), at, ascii::to_lower);
    id_size_ = id_digits;
}

void Trace::make_id(Random& random, std::uint32_t now) noexcept {
    write_hex(id_.data(), std::uint64_t{now} << 32 | random.next() >> 32);
    write_hex(id_.data() + 16, random.next());
    id_size_ = id_digits;
}

void Trace::add_amzn(const Parent& parent) noexcept {
    add("X-Amzn-Trace-Id: Root=1-");
    add(id().substr(0, 8));
    add("-");
    add(id().substr(8));
    if (!parent.id.empty()) {
        add(";Parent=");
        add(parent.id);
        add(parent.sampled == '1' ? ";Sampled=1" : ";Sampled=0");
    }
    add("\r\n");
}

void Trace::add_traceparent(const Parent& parent, bool sampled, Random& random) noexcept {
    add("traceparent: 00-");
    add(id());
    add("-");
    if (parent.id.empty()) {
        write_hex(added_.data() + added_size_, random.next() | 1);  // never zero
        added_size_ += parent_digits;
    } else {
        add(parent.id);
    }
    if (parent.sampled != '?') sampled = parent.sampled == '1';
    add(sampled ? "-01\r\n" : "-00\r\n");
}

}  // namespace fairlead::http
