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
            return false;  // written by us
        case FieldId::x_forwarded_host:
        case FieldId::x_forwarded_port:
        case FieldId::x_forwarded_proto:
        case FieldId::forwarded:
            return client.is_trusted;
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

void append_forwarded_for(std::string& out, const RequestHead& head, const ClientFacts& client) {
    if (client.is_trusted) {
        for (const auto& field : head.fields) {
            if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
            out.append(field.value).append(", ");
        }
    }
    out.append(client.ip);
}

bool has_field(const std::vector<Field>& fields, FieldId id) noexcept {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const Field& field) { return field.id == id; });
}

}  // namespace fairlead::http
