#include "proxy/http/forwarding.hpp"

#include "proxy/base/ascii.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

bool is_known_option(std::string_view token) noexcept {
    return ascii::iequals(token, "close") || ascii::iequals(token, "keep-alive") ||
           ascii::iequals(token, "upgrade") || ascii::iequals(token, "te");
}

bool names_more(std::string_view connection) noexcept {
    bool more = false;
    ascii::each_item(connection, [&](std::string_view token) {
        more = !is_known_option(token);
        return !more;
    });
    return more;
}

/// Hop-by-hop fields and framing: written anew on each side, if at all.
bool is_our_own(FieldId id) noexcept {
    switch (id) {
        case FieldId::connection:
        case FieldId::content_length:
        case FieldId::http2_settings:
        case FieldId::keep_alive:
        case FieldId::proxy_connection:
        case FieldId::te:
        case FieldId::transfer_encoding:
        case FieldId::upgrade:
            return true;
        default:
            return false;
    }
}

/// Which of the forwarding fields a head has, with something in them.
struct Said {
    bool forwarded_for = false;
    bool proto = false;
    bool port = false;
    bool host = false;
    bool forwarded = false;
};

Said find_said(const std::vector<Field>& fields) noexcept {
    Said said;
    for (const auto& field : fields) {
        if (field.value.empty()) continue;
        said.forwarded_for |= field.id == FieldId::x_forwarded_for;
        said.proto |= field.id == FieldId::x_forwarded_proto;
        said.port |= field.id == FieldId::x_forwarded_port;
        said.host |= field.id == FieldId::x_forwarded_host;
        said.forwarded |= field.id == FieldId::forwarded;
    }
    return said;
}

/// The values of all fields of that name as one list.
void append_values(std::string& out, const std::vector<Field>& fields, FieldId id) {
    std::string_view separator;
    for (const auto& field : fields) {
        if (field.id != id || field.value.empty()) continue;
        out.append(separator).append(field.value);
        separator = ", ";
    }
}

/// RFC 7239 4: what came, and our element. IPv6 in brackets and quotes, and the host in quotes,
/// since a colon is no token character; neither can hold a quote (framing.cpp has seen to that).
void write_forwarded(std::string& out, const RequestHead& head, const ClientFacts& client) {
    out.append("Forwarded: ");
    append_values(out, head.fields, FieldId::forwarded);
    const bool is_v6 = client.ip.find(':') != std::string::npos;
    out.append(is_v6 ? ", for=\"[" : ", for=");
    out.append(client.ip.empty() ? "unknown" : client.ip).append(is_v6 ? "]\"" : "");
    if (!head.authority.empty()) out.append(";host=\"").append(head.authority).append("\"", 1);
    out.append(";proto=").append(client.scheme).append("\r\n", 2);
}

}  // namespace

FieldFilter::FieldFilter(const std::vector<Field>& fields) {
    for (const auto& field : fields) {
        if (field.id == FieldId::connection && names_more(field.value)) fields_ = &fields;
    }
}

bool FieldFilter::is_listed(std::string_view name) const noexcept {
    if (fields_ == nullptr) return false;
    return std::any_of(fields_->begin(), fields_->end(), [&](const Field& field) {
        if (field.id != FieldId::connection) return false;
        bool listed = false;
        ascii::each_item(field.value, [&](std::string_view token) {
            listed = token.size() == name.size() &&
                     std::equal(token.begin(), token.end(), name.begin(), [](char a, char b) {
                         return ascii::to_lower(a) == ascii::to_lower(b);
                     });
            return !listed;
        });
        return listed;
    });
}

bool FieldFilter::passes_in_request(const Field& field, const ClientFacts& client) const noexcept {
    switch (field.id) {
        case FieldId::other:
            // nginx's rule: CGI-like applications cannot tell "x_y" from "x-y", so clients could
            // forge one as the other.
            return field.name.find('_') == std::string_view::npos && !is_listed(field.name);
        case FieldId::host:
        case FieldId::x_forwarded_for:
        case FieldId::forwarded:
            return false;  // written by us
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_port:
        case FieldId::x_forwarded_proto:
            return client.is_trusted && !field.value.empty();
        case FieldId::expect:
            return false;  // written by us where it is wanted
        case FieldId::trailer:
            return !is_listed(field.name);
        default:
            return !is_our_own(field.id);
    }
}

bool FieldFilter::passes_in_response(const Field& field) const noexcept {
    return !is_our_own(field.id) && !is_listed(field.name);
}

bool FieldFilter::passes_in_trailers(const Field& field) noexcept {
    if (is_our_own(field.id)) return false;
    switch (field.id) {
        case FieldId::host:
        case FieldId::expect:
        case FieldId::forwarded:
        case FieldId::trailer:
        case FieldId::x_forwarded_for:
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_port:
        case FieldId::x_forwarded_proto:
            return false;
        default:
            return field.name.find('_') == std::string_view::npos;
    }
}

void write_forwarding_fields(std::string& out, const RequestHead& head, const ClientFacts& client) {
    const auto said = client.is_trusted ? find_said(head.fields) : Said();
    if (said.forwarded_for || !client.ip.empty()) {
        out.append("X-Forwarded-For: ");
        if (said.forwarded_for) append_values(out, head.fields, FieldId::x_forwarded_for);
        if (said.forwarded_for && !client.ip.empty()) out.append(", ", 2);
        out.append(client.ip).append("\r\n", 2);
    }
    if (!said.proto) out.append("X-Forwarded-Proto: ").append(client.scheme).append("\r\n", 2);
    if (!said.port && !client.port.empty())
        out.append("X-Forwarded-Port: ").append(client.port).append("\r\n", 2);
    if (!said.host && !head.authority.empty())
        out.append("X-Forwarded-Host: ").append(head.authority).append("\r\n", 2);
    if (said.forwarded) write_forwarded(out, head, client);
}

}  // namespace fairlead::http
