#include "proxy/http/message.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace fairlead::http {

namespace {

struct KnownName {
    std::string_view lowered;
    FieldId id = FieldId::other;
};

// THE names. A new one is a row here and in FieldId.
constexpr std::array known_names = {
    KnownName{"connection", FieldId::connection},
    KnownName{"content-length", FieldId::content_length},
    KnownName{"expect", FieldId::expect},
    KnownName{"forwarded", FieldId::forwarded},
    KnownName{"host", FieldId::host},
    KnownName{"http2-settings", FieldId::http2_settings},
    KnownName{"keep-alive", FieldId::keep_alive},
    KnownName{"proxy-connection", FieldId::proxy_connection},
    KnownName{"referer", FieldId::referer},
    KnownName{"te", FieldId::te},
    KnownName{"traceparent", FieldId::traceparent},
    KnownName{"tracestate", FieldId::tracestate},
    KnownName{"trailer", FieldId::trailer},
    KnownName{"transfer-encoding", FieldId::transfer_encoding},
    KnownName{"upgrade", FieldId::upgrade},
    KnownName{"user-agent", FieldId::user_agent},
    KnownName{"x-amzn-trace-id", FieldId::x_amzn_trace_id},
    KnownName{"x-forwarded-for", FieldId::x_forwarded_for},
    KnownName{"x-forwarded-host", FieldId::x_forwarded_host},
    KnownName{"x-forwarded-port", FieldId::x_forwarded_port},
    KnownName{"x-forwarded-proto", FieldId::x_forwarded_proto},
    KnownName{"x-forwarded-protocol", FieldId::x_forwarded_protocol},
    KnownName{"x-real-ip", FieldId::x_real_ip},
};

constexpr std::string_view redx_prefix = "x-redx-";

// A table of twice as many slots as names, or more, in which no two names share one: the factor is
// searched for at compile time, so that one comparison tells.
struct NameTable {
    static constexpr std::size_t slots = std::bit_ceil(known_names.size() * 4);

    std::array<KnownName, slots> slot = {};
    unsigned factor = 0;

    static constexpr std::size_t place(std::string_view name, unsigned factor) noexcept {
        const auto at = [&](std::size_t i) {
            return static_cast<unsigned>(static_cast<unsigned char>(name[i])) | 0x20U;
        };
        return ((at(0) * 8 + at(name.size() - 2)) * factor / 16 + name.size()) % slots;
    }

    constexpr bool fill(unsigned with) {
        slot = {};
        factor = with;
        for (const auto& known : known_names) {
            auto& place_of_it = slot[place(known.lowered, with)];
            if (!place_of_it.lowered.empty()) return false;
            place_of_it = known;
        }
        return true;
    }
};

constexpr NameTable make_name_table() {
    NameTable table;
    unsigned factor = 1;
    while (!table.fill(factor)) ++factor;
    return table;
}

constexpr NameTable name_table = make_name_table();

}  // namespace

namespace detail {

constexpr std::array<std::uint32_t, 32> known_beginnings = [] {
    std::array<std::uint32_t, 32> beginnings = {};
    for (const auto& known : known_names) {
        const auto letter = static_cast<unsigned char>(known.lowered.front()) % 32U;
        beginnings[known.lowered.size()] |= std::uint32_t{1} << letter;
    }
    for (auto size = redx_prefix.size(); size < beginnings.size(); ++size)
        beginnings[size] |= std::uint32_t{1} << static_cast<unsigned char>(redx_prefix[0]) % 32U;
    return beginnings;
}();

namespace {

/// Equality of a token with a name that is letters, digits and '-': setting one bit makes letters
/// lower case, and no other character of a token one of those.
template <class Word>
bool words_match(const char* token, const char* lowered, std::size_t size) noexcept {
    const auto differs = [&](std::size_t at) {
        Word a;
        Word b;
        std::memcpy(&a, token + at, sizeof a);
        std::memcpy(&b, lowered + at, sizeof b);
        return (a | static_cast<Word>(0x2020202020202020)) != b;
    };
    for (std::size_t at = 0; at + sizeof(Word) < size; at += sizeof(Word)) {
        if (differs(at)) return false;
    }
    return !differs(size - sizeof(Word));
}

bool matches(std::string_view name, std::string_view lowered) noexcept {
    const auto size = lowered.size();
    if (size >= 8) return words_match<std::uint64_t>(name.data(), lowered.data(), size);
    if (size >= 4) return words_match<std::uint32_t>(name.data(), lowered.data(), size);
    return words_match<std::uint16_t>(name.data(), lowered.data(), size);
}

/// Any name with Redx's prefix: two words that overlap in its middle letter.
bool is_redx(std::string_view name) noexcept {
    return name.size() >= redx_prefix.size() &&
           words_match<std::uint32_t>(name.data(), redx_prefix.data(), redx_prefix.size());
}

}  // namespace

FieldId known_field_id(std::string_view name) noexcept {
    const auto& known = name_table.slot[NameTable::place(name, name_table.factor)];
    if (known.lowered.size() == name.size() && matches(name, known.lowered)) return known.id;
    return is_redx(name) ? FieldId::x_redx : FieldId::other;
}

}  // namespace detail

Method method_of(std::string_view name) noexcept {
    switch (name.size()) {
        case 3:
            if (name == "GET") return Method::get;
            return name == "PUT" ? Method::put : Method::other;
        case 4:
            if (name == "HEAD") return Method::head;
            return name == "POST" ? Method::post : Method::other;
        case 5:
            if (name == "PATCH") return Method::patch;
            return name == "TRACE" ? Method::trace : Method::other;
        case 6:
            return name == "DELETE" ? Method::del : Method::other;
        case 7:
            return name == "OPTIONS" ? Method::options : Method::other;
        default:
            return Method::other;
    }
}

}  // namespace fairlead::http
