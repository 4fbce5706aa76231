#include "proxy/http/framing.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/characters.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

// More than 19 digits could overflow; no body is that long.
constexpr std::size_t most_length_digits = 19;

// Each option that Connection names is compared with each field: without a bound, a head of 64 KiB
// could have us do that for milliseconds. Real ones name two or three.
constexpr unsigned most_connection_options = 32;

// RFC 1035 2.3.4, and the last dot. Each of its dots costs a search for routes.
constexpr std::size_t longest_host = 254;

/// What the fields say, before it is judged.
struct Claims {
    const Field* length = nullptr;
    const Field* coding = nullptr;
    const Field* host = nullptr;
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned hosts = 0;
    unsigned connection_options = 0;
    bool close = false;
    bool keep_alive = false;
    bool connection_upgrade = false;
    bool connection_names_fields = false;
    bool upgrade_websocket = false;
    bool expects_continue = false;
};

void read_connection(std::string_view list, Claims& claims) {
    if (ascii::iequals(list, "keep-alive")) {  // what is said most
        ++claims.connection_options;
        claims.keep_alive = true;
        return;
    }
    // Empty ones count as well: they are skipped as often.
    claims.connection_options += 1 + static_cast<unsigned>(std::ranges::count(list, ','));
    ascii::each_item(list, [&](std::string_view token) {
        if (ascii::iequals(token, "keep-alive")) {
            claims.keep_alive = true;
        } else if (ascii::iequals(token, "close")) {
            claims.close = true;
        } else if (ascii::iequals(token, "upgrade")) {
            claims.connection_upgrade = true;
        } else if (!ascii::iequals(token, "te")) {
            claims.connection_names_fields = true;
        }
        return true;
    });
}

Claims read_claims(const std::vector<Field>& fields) {
    Claims claims;
    for (const auto& field : fields) {
        switch (field.id) {
            case FieldId::content_length:
                claims.length = &field;
                ++claims.lengths;
                break;
            case FieldId::transfer_encoding:
                claims.coding = &field;
                ++claims.codings;
                break;
            case FieldId::host:
                claims.host = &field;
                ++claims.hosts;
                break;
            case FieldId::upgrade:
                claims.upgrade_websocket =
                    claims.upgrade_websocket || has_token(field.value, "websocket");
                break;
            case FieldId::connection:
                read_connection(field.value, claims);
                break;
            case FieldId::expect:
                claims.expects_continue =
                    claims.expects_continue || ascii::iequals(field.value, "100-continue");
                break;
            default:
                break;
        }
    }
    return claims;
}

bool parse_length(std::string_view text, std::uint64_t& length) {
    if (text.empty() || text.size() > most_length_digits) return false;
    length = 0;
    for (char c : text) {
        if (!ascii::is_digit(c)) return false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return true;
}

/// The framing that Content-Length and Transfer-Encoding claim, where they are beyond doubt.
Reason read_framing(const Claims& claims, Version version, Framing& framing) {
    if (claims.codings > 0) {
        if (claims.lengths > 0) return Reason::length_and_coding;
        if (version == Version::http10) return Reason::bad_coding;
        if (claims.codings == 1 && ascii::iequals(claims.coding->value, "chunked")) {
            framing.kind = Framing::Kind::chunked;
            return Reason::none;
        }
        bool all_known = true;
        ascii::each_item(claims.coding->value, [&](std::string_view coding) {
            all_known = all_known &&
                        (ascii::iequals(coding, "chunked") || ascii::iequals(coding, "identity"));
            return all_known;
        });
        return all_known ? Reason::bad_coding : Reason::unknown_coding;
    }
    if (claims.lengths > 0) {
        if (claims.lengths > 1 || !parse_length(claims.length->value, framing.length))
            return Reason::bad_length;
        framing.kind = Framing::Kind::length;
    }
    return Reason::none;
}

bool is_port(std::string_view text) noexcept {
    unsigned port = 0;
    for (char c : text) {
        if (!ascii::is_digit(c)) return false;
        port = port * 10 + static_cast<unsigned>(c - '0');
        if (port > 65535) return false;
    }
    return true;
}

/// "[" IPv6 "]" at the front; its size, or 0.
std::size_t literal_size(std::string_view text) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return 0;
    const auto inner = text.substr(1, end - 1);
    const bool is_v6 =
        inner.find(':') != std::string_view::npos && model::parse_ip(inner).has_value();
    return is_v6 ? end + 1 : 0;
}

/// Dotted labels, none empty but one behind the last dot; their size, or 0. `seen`: the classes of
/// all their characters.
std::size_t name_size(std::string_view text, unsigned& seen) noexcept {
    unsigned previous = dot;
    std::size_t size = 0;
    for (; size < text.size(); ++size) {
        const unsigned classes = classes_of(text[size]);
        if ((classes & host_character) == 0) break;
        if ((classes & previous & dot) != 0) return 0;
        previous = classes;
        seen |= classes;
    }
    return size;
}

/// uri-host [":" port] of RFC 9110 7.2: no userinfo, no path. Sets head.host.
bool read_host(RequestHead& head) {
    const std::string_view text = head.authority;
    unsigned seen = 0;
    const bool is_literal = text.starts_with('[');
    const auto size = is_literal ? literal_size(text) : name_size(text, seen);
    if (size == 0 || size > longest_host) return false;
    if (size < text.size() && (text[size] != ':' || !is_port(text.substr(size + 1)))) return false;
    std::string_view host = text.substr(0, size);
    if (host.ends_with('.')) host.remove_suffix(1);
    if (is_literal || (seen & capital) != 0) {
        head.lowered_host.assign(host);
        for (char& c : head.lowered_host) c = ascii::to_lower(c);
        host = head.lowered_host;
    }
    head.host = host;
    return true;
}

Reason check_host(const Claims& claims, RequestHead& head) {
    head.authority = head.host = {};
    if (claims.hosts > 1) return Reason::bad_host;
    if (claims.hosts == 0) {
        if (head.version == Version::http11) return Reason::bad_host;
        head.authority = head.absolute_authority;
        if (head.authority.empty()) return Reason::none;
    } else {
        head.authority = claims.host->value;
        const bool differs = !head.absolute_authority.empty() &&
                             !ascii::same_but_case(head.absolute_authority, head.authority);
        if (differs) return Reason::bad_host;
    }
    return read_host(head) ? Reason::none : Reason::bad_host;
}

}  // namespace

bool has_token(std::string_view list, std::string_view token) noexcept {
    bool found = false;
    ascii::each_item(list, [&](std::string_view item) {
        found = ascii::same_but_case(item, token);
        return !found;
    });
    return found;
}

Reason check_request(RequestHead& head) {
    const Claims claims = read_claims(head.fields);
    head.body = Framing();
    // First, whatever else is wrong: the log names the host, and must not name the last request's.
    const auto host = check_host(claims, head);
    if (const auto reason = read_framing(claims, head.version, head.body); reason != Reason::none)
        return reason;
    if (claims.connection_options > most_connection_options) return Reason::bad_header;
    if (host != Reason::none) return host;

    const bool is_11 = head.version == Version::http11;
    head.keep_alive = is_11 ? !claims.close : claims.keep_alive && !claims.close;
    head.connection_names_fields = claims.connection_names_fields;
    head.expects_continue = is_11 && claims.expects_continue && head.body.has_body();
    // Only WebSocket, and only where a body cannot get in its way (RFC 6455 4.1).
    head.upgrades_to_websocket = is_11 && head.method == Method::get && claims.connection_upgrade &&
                                 claims.upgrade_websocket && !head.body.has_body();
    return Reason::none;
}

Reason check_response(ResponseHead& head, Method request) {
    const Claims claims = read_claims(head.fields);
    head.body = Framing();
    if (read_framing(claims, head.version, head.body) != Reason::none)
        return Reason::bad_response_framing;
    if (claims.connection_options > most_connection_options) return Reason::bad_response;
    head.declared = head.body;
    const bool is_11 = head.version == Version::http11;
    head.keep_alive = is_11 ? !claims.close : claims.keep_alive && !claims.close;
    head.connection_names_fields = claims.connection_names_fields;
    if (head.status < 200 && !is_11) return Reason::bad_response;  // RFC 9110 15.2
    head.switches_to_websocket =
        head.status == 101 && claims.connection_upgrade && claims.upgrade_websocket;

    // RFC 9112 6.3, in its order.
    const bool has_no_body =
        request == Method::head || head.status < 200 || head.status == 204 || head.status == 304;
    if (has_no_body) {
        // A 204 or 1xx that declares a body is malformed, and what follows it is not what we would
        // take it for; a HEAD's or 304's tells of the body there would be.
        const bool must_have_none = head.status < 200 || head.status == 204;
        if (must_have_none && head.declared.has_body()) return Reason::bad_response_framing;
        head.body = Framing();
    } else if (head.body.kind == Framing::Kind::none) {
        head.body.kind = Framing::Kind::until_close;
        head.keep_alive = false;
    }
    return Reason::none;
}

}  // namespace fairlead::http
