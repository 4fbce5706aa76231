#include "proxy/http/framing.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/characters.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

// More than 19 digits could overflow; no body is that long.
constexpr std::size_t most_length_digits = 19;

/// What the fields say, before it is judged.
struct Claims {
    const Field* length = nullptr;
    const Field* coding = nullptr;
    const Field* host = nullptr;
    const Field* upgrade = nullptr;
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned hosts = 0;
    bool close = false;
    bool keep_alive = false;
    bool connection_upgrade = false;
    bool expects_continue = false;
};

void read_connection(std::string_view list, Claims& claims) {
    ascii::each_item(list, [&](std::string_view token) {
        claims.close = claims.close || ascii::iequals(token, "close");
        claims.keep_alive = claims.keep_alive || ascii::iequals(token, "keep-alive");
        claims.connection_upgrade = claims.connection_upgrade || ascii::iequals(token, "upgrade");
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
                claims.upgrade = &field;
                break;
            case FieldId::connection:
                read_connection(field.value, claims);
                break;
            case FieldId::expect:
                claims.expects_continue = ascii::iequals(field.value, "100-continue");
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

/// uri-host [":" port] of RFC 9110 7.2: no userinfo, no path. Sets head.host.
bool read_host(RequestHead& head) {
    std::string_view host = head.authority;
    std::string_view port;
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        if (end == std::string_view::npos) return false;
        const auto inner = host.substr(1, end - 1);
        const bool is_v6 = !inner.empty() && std::all_of(inner.begin(), inner.end(), [](char c) {
            return is(c, hex_digit) || c == ':' || c == '.';
        });
        if (!is_v6) return false;
        const auto rest = host.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return false;
        if (!rest.empty()) port = rest.substr(1);
        host = host.substr(0, end + 1);
    } else {
        const auto colon = host.find(':');
        if (colon != std::string_view::npos) {
            port = host.substr(colon + 1);
            host = host.substr(0, colon);
        }
        if (host.empty() || !all_are(host, host_character)) return false;
    }
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), ascii::is_digit)) return false;
    if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
    if (std::any_of(host.begin(), host.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
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
                             !ascii::iequals(head.absolute_authority, ascii::lower(head.authority));
        if (differs) return Reason::bad_host;
    }
    return read_host(head) ? Reason::none : Reason::bad_host;
}

}  // namespace

bool has_token(std::string_view list, std::string_view lowered) noexcept {
    bool found = false;
    ascii::each_item(list, [&](std::string_view item) {
        found = ascii::iequals(item, lowered);
        return !found;
    });
    return found;
}

Reason check_request(RequestHead& head) {
    const Claims claims = read_claims(head.fields);
    head.body = Framing();
    if (const auto reason = read_framing(claims, head.version, head.body); reason != Reason::none)
        return reason;
    if (const auto reason = check_host(claims, head); reason != Reason::none) return reason;

    const bool is_11 = head.version == Version::http11;
    head.keep_alive = is_11 ? !claims.close : claims.keep_alive && !claims.close;
    head.expects_continue = is_11 && claims.expects_continue && head.body.has_body();
    // Only WebSocket, and only where a body cannot get in its way (RFC 6455 4.1).
    head.upgrades_to_websocket = is_11 && head.method == Method::get && claims.connection_upgrade &&
                                 claims.upgrade != nullptr &&
                                 ascii::iequals(claims.upgrade->value, "websocket") &&
                                 !head.body.has_body();
    return Reason::none;
}

Reason check_response(ResponseHead& head, Method request) {
    const Claims claims = read_claims(head.fields);
    head.body = Framing();
    if (read_framing(claims, head.version, head.body) != Reason::none) return Reason::bad_response;
    head.declared = head.body;
    const bool is_11 = head.version == Version::http11;
    head.keep_alive = is_11 ? !claims.close : claims.keep_alive && !claims.close;

    // RFC 9112 6.3, in its order.
    const bool has_no_body =
        request == Method::head || head.status < 200 || head.status == 204 || head.status == 304;
    if (has_no_body) {
        // A 204 or 1xx with framing fields is malformed; a HEAD's or 304's tell of the body there
        // would be.
        const bool must_have_none = head.status < 200 || head.status == 204;
        if (must_have_none && claims.codings > 0) return Reason::bad_response;
        head.body = Framing();
    } else if (head.body.kind == Framing::Kind::none) {
        head.body.kind = Framing::Kind::until_close;
        head.keep_alive = false;
    }
    return Reason::none;
}

}  // namespace fairlead::http
