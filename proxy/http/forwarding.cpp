#include "proxy/http/forwarding.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/framing.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace fairlead::http {
namespace {

constexpr FieldSet set_of(std::initializer_list<FieldId> ids, FieldSet set = {}) noexcept {
    for (const auto id : ids) set.add(id);
    return set;
}

// What only Fairlead may say of how a request was routed.
constexpr FieldSet our_own = set_of({FieldId::x_redx});

// Hop-by-hop fields and framing: written anew on each side, if at all.
constexpr FieldSet of_this_hop = set_of(
    {FieldId::connection, FieldId::content_length, FieldId::http2_settings, FieldId::keep_alive,
     FieldId::proxy_connection, FieldId::te, FieldId::transfer_encoding, FieldId::upgrade});

// Of a request whose sender is trusted: those that the writer derives from what there is.
constexpr FieldSet stopped_of_trusted =
    set_of({FieldId::host, FieldId::expect, FieldId::x_forwarded_for, FieldId::forwarded},
           of_this_hop | our_own);

constexpr FieldSet forwarding_fields =
    set_of({FieldId::x_forwarded_host, FieldId::x_forwarded_port, FieldId::x_forwarded_proto});

// What anyone else says of where a request comes from is dropped.
constexpr FieldSet stopped_of_strangers = stopped_of_trusted | forwarding_fields;

constexpr FieldSet stopped_in_trailers = set_of(
    {FieldId::trailer, FieldId::x_real_ip, FieldId::x_forwarded_protocol}, stopped_of_strangers);

// RFC 9110 6.5.1: what decides about a message has to come before it.
constexpr std::array<std::string_view, 29> never_trailers = {
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "retry-after",
    "set-cookie",
    "traceparent",
    "tracestate",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-amzn-trace-id",
};

// Nobody can have our own fields removed: most of what is known is not the client's to name.
constexpr FieldSet nameable =
    set_of({FieldId::other, FieldId::trailer, FieldId::referer, FieldId::user_agent,
            FieldId::x_forwarded_protocol, FieldId::x_real_ip});

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
void append_values(HeadText& out, const std::vector<Field>& fields, FieldId id) {
    std::string_view separator;
    for (const auto& field : fields) {
        if (field.id != id || field.value.empty()) continue;
        out.add(separator).add(field.value);
        separator = ", ";
    }
}

/// RFC 7239 4: what came, and our element. IPv6 in brackets and quotes, and the host in quotes,
/// since a colon is no token character; neither can hold a quote (framing.cpp has seen to that).
void write_forwarded(HeadText& out, const RequestHead& head, const ClientFacts& client) {
    out.add("Forwarded: ");
    append_values(out, head.fields, FieldId::forwarded);
    const bool is_v6 = client.ip.find(':') != std::string::npos;
    out.add(is_v6 ? ", for=\"[" : ", for=");
    out.add(client.ip.empty() ? std::string_view("unknown") : client.ip).add(is_v6 ? "]\"" : "");
    if (!head.authority.empty()) out.add(";host=\"").add(head.authority).add("\"");
    out.add(";proto=").add(client.scheme).add("\r\n");
}

}  // namespace

FieldFilter::FieldFilter(const RequestHead& head, const ClientFacts& client,
                         const HeadChanges& changes) noexcept
    : stopped_((client.is_trusted ? stopped_of_trusted : stopped_of_strangers) | changes.stopped),
      stopped_if_empty_(forwarding_fields),
      underscores_pass_(client.underscores_pass),
      named_(head.connection_names_fields ? &head.fields : nullptr),
      edits_(changes.edits),
      is_plain_(named_ == nullptr && edits_ == nullptr) {}

FieldFilter::FieldFilter(const ResponseHead& head, const model::FieldEdits* edits) noexcept
    : stopped_(of_this_hop),
      underscores_pass_(true),
      named_(head.connection_names_fields ? &head.fields : nullptr),
      edits_(edits),
      is_plain_(named_ == nullptr && edits_ == nullptr) {}

bool FieldFilter::passes_all(const Field& field) const noexcept {
    if (edits_ != nullptr && edits_->removes(field.name)) return false;
    return named_ == nullptr || !is_named(field);
}

bool FieldFilter::is_named(const Field& field) const noexcept {
    if (!nameable.has(field.id)) return false;
    return std::any_of(named_->begin(), named_->end(), [&](const Field& connection) {
        return connection.id == FieldId::connection && has_token(connection.value, field.name);
    });
}

bool FieldFilter::passes_in_trailers(const Field& field) noexcept {
    if (stopped_in_trailers.has(field.id)) return false;
    return std::none_of(never_trailers.begin(), never_trailers.end(),
                        [&](auto name) { return ascii::same_but_case(field.name, name); });
}

std::string_view scheme_of(const RequestHead& head, const ClientFacts& client) noexcept {
    if (!client.is_trusted || !head.present.has(FieldId::x_forwarded_proto)) return client.scheme;
    for (const auto& field : head.fields) {
        if (field.id != FieldId::x_forwarded_proto) continue;
        const auto first = ascii::trim(field.value.substr(0, field.value.find(',')));
        if (ascii::iequals(first, "https")) return "https";
        if (ascii::iequals(first, "http")) return "http";
    }
    return client.scheme;
}

void write_forwarding_fields(HeadText& out, const RequestHead& head, const ClientFacts& client) {
    const auto said = client.is_trusted ? find_said(head.fields) : Said();
    if (said.forwarded_for || !client.ip.empty()) {
        out.add("X-Forwarded-For: ");
        if (said.forwarded_for) append_values(out, head.fields, FieldId::x_forwarded_for);
        if (said.forwarded_for && !client.ip.empty()) out.add(", ");
        out.add(client.ip).add("\r\n");
    }
    if (!said.proto) out.add_field("X-Forwarded-Proto", client.scheme);
    if (!said.port && !client.port.empty()) out.add_field("X-Forwarded-Port", client.port);
    if (!said.host && !head.authority.empty()) out.add_field("X-Forwarded-Host", head.authority);
    if (said.forwarded) write_forwarded(out, head, client);
}

void write_redx_fields(HeadText& out, const RequestHead& head, const ClientFacts& client,
                       const RedxFields& redx) {
    const bool is_hit = !redx.frontend.empty();
    out.add_field("X-Redx-Frontend-Cache-Hit", is_hit ? "true" : "false");
    if (is_hit) {
        const bool is_chosen = !redx.server.empty();
        out.add_field("X-Redx-Frontend-Name", redx.frontend);
        out.add_field("X-Redx-Backend-Name", redx.backend);
        out.add_field("X-Redx-Backend-Cache-Hit", is_chosen ? "true" : "false");
        if (is_chosen) out.add_field("X-Redx-Backend-Server", redx.server);
    }
    if (!redx.client_ip.empty()) out.add_field("X-Real-IP", redx.client_ip);
    out.add_field("X-Forwarded-Protocol", scheme_of(head, client));
}

}  // namespace fairlead::http
