// What of a head is passed on, and what we say about the client: RFC 9110 7.6 and X-Forwarded-*.
//
// Threads: one worker. Independent of the protocol on either side.
#pragma once

#include "proxy/http/client_facts.hpp"
#include "proxy/http/head_text.hpp"
#include "proxy/http/message.hpp"

#include <string_view>
#include <vector>

namespace fairlead::http {

/// Decides field by field whether a checked head's fields pass (framing.hpp).
class FieldFilter {
public:
    /// Passes a request's fields: not hop-by-hop, not framing, not those that we write ourselves.
    FieldFilter(const RequestHead& head, const ClientFacts& client,
                const HeadChanges& changes) noexcept;
    /// `edits`: the route's; may be null.
    explicit FieldFilter(const ResponseHead& head,
                         const model::FieldEdits* edits = nullptr) noexcept;

    bool passes(const Field& field) const noexcept {
        if (stopped_.has(field.id) || (field.has_underscore && !underscores_pass_)) return false;
        if (field.value.empty() && stopped_if_empty_.has(field.id)) return false;
        return is_plain_ || passes_all(field);
    }

    /// RFC 9110 6.5.1: no framing, routing or hop-by-hop field in trailers.
    static bool passes_in_trailers(const Field& field) noexcept;

private:
    bool passes_all(const Field& field) const noexcept;
    bool is_named(const Field& field) const noexcept;

    FieldSet stopped_;
    FieldSet stopped_if_empty_;
    bool underscores_pass_ = false;
    // Where a Connection field names more than close, keep-alive, upgrade and TE; rarely.
    const std::vector<Field>* named_ = nullptr;
    const model::FieldEdits* edits_ = nullptr;
    bool is_plain_ = true;  // neither of the two
};

/// What the client asked with, "http" or "https", as far as we believe those in front of us: of
/// several that have said it the first, who was nearest to the client.
std::string_view scheme_of(const RequestHead& head, const ClientFacts& client) noexcept;

/// Writes X-Forwarded-For, -Proto, -Port and -Host: always. What a trusted client said of them is
/// kept, and X-Forwarded-For extended with the client's own address. `Forwarded` (RFC 7239) is
/// extended where a trusted client sent one; we do not begin it.
void write_forwarding_fields(HeadText& out, const RequestHead& head, const ClientFacts& client);

/// Which of a client's fields do not pass beside those of write_redx_fields().
constexpr FieldSet redx_replaces() noexcept {
    FieldSet set;
    set.add(FieldId::x_real_ip);
    set.add(FieldId::x_forwarded_protocol);
    return set;
}

/// Redx's X-Redx-*, and the two of its headers that nginx kept back: X-Real-IP and
/// X-Forwarded-Protocol. The client's own of that name have to be stopped: redx_replaces().
void write_redx_fields(HeadText& out, const RequestHead& head, const ClientFacts& client,
                       const RedxFields& redx);

}  // namespace fairlead::http
