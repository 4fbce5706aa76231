// The heads of requests and responses, whatever protocol carried them: flat tables of views into
// the connection's buffer, which stay valid as long as that buffer holds the head.
//
// Threads: one worker. Cost: no allocation once the tables have grown to the usual size.
#pragma once

#include "proxy/model/field_edits.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// The fields that we act on; all others are passed through as `other`.
enum class FieldId : std::uint8_t {
    other,
    connection,
    content_length,
    expect,
    forwarded,
    host,
    keep_alive,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    http2_settings,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_port,
    x_forwarded_proto,
    x_forwarded_protocol,
    x_real_ip,
    x_redx,  // any that begins with X-Redx-
    traceparent,
    tracestate,
    x_amzn_trace_id,
    referer,
    user_agent,
};

namespace detail {

/// By a name's size: bit n for the n-th letter, where a known name of that size begins with it, or
/// may.
extern const std::array<std::uint32_t, 32> known_beginnings;
FieldId known_field_id(std::string_view name) noexcept;

}  // namespace detail

/// `name` is a token, in any case. Most names are told to be unknown by their size and first
/// letter.
inline FieldId field_id(std::string_view name) noexcept {
    if (name.empty()) return FieldId::other;
    if (name.size() >= detail::known_beginnings.size()) return detail::known_field_id(name);
    const auto letter = static_cast<unsigned char>(name.front()) % 32U;
    const bool may_be_known = (detail::known_beginnings[name.size()] >> letter & 1U) != 0;
    return may_be_known ? detail::known_field_id(name) : FieldId::other;
}

struct Field {
    std::string_view name;   // as sent
    std::string_view value;  // without surrounding white space
    FieldId id = FieldId::other;
    bool has_underscore = false;  // in its name
};

/// Which of the fields that we act on are there.
class FieldSet {
public:
    constexpr void add(FieldId id) noexcept { bits_ |= bit(id); }
    constexpr bool has(FieldId id) const noexcept { return (bits_ & bit(id)) != 0; }
    constexpr FieldSet operator|(FieldSet other) const noexcept {
        other.bits_ |= bits_;
        return other;
    }

private:
    static constexpr std::uint64_t bit(FieldId id) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(id);
    }

    std::uint64_t bits_ = 0;
};

/// What endpoints of API routes, and the fallback, are told of how their request was routed: Redx's
/// headers.
struct RedxFields {
    std::string_view frontend;  // the matched key: "site.com/a/"; "": none of the store's matched
    std::string_view backend;
    std::string_view server;     // as the store has it; "": none was chosen
    std::string_view client_ip;  // who the client is behind trusted proxies; "": unknown
};

/// What an endpoint gets of a request besides its own fields, and which of those it does not get.
struct HeadChanges {
    FieldSet stopped;
    std::string_view added;                    // whole lines
    const model::FieldEdits* edits = nullptr;  // the route's
    const RedxFields* redx = nullptr;          // null: none of them
    std::string_view fixed_target = {};        // in place of the target, whatever else is; "": none
    // In place of the target, one behind the other; both empty: as it is.
    std::string_view target_begin = {};
    std::string_view target_end = {};
    std::string_view authority = {};  // in place of Host; "": as it is
};

/// The cookie that keeps a client with its endpoint.
struct StickyCookie {
    std::string_view name;
    std::string_view value;
    std::string_view path;
};

enum class Method : std::uint8_t { get, head, post, put, del, options, patch, trace, other };
Method method_of(std::string_view name) noexcept;

/// RFC 9110 9.2.2: sending it twice has the effect of sending it once.
constexpr bool is_idempotent(Method method) noexcept {
    return method != Method::post && method != Method::patch && method != Method::other;
}

enum class Version : std::uint8_t { http10, http11 };

/// How a body's end is known.
struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };

    Kind kind = Kind::none;
    std::uint64_t length = 0;  // Kind::length

    bool has_body() const noexcept {
        return kind != Kind::none && !(kind == Kind::length && length == 0);
    }
};

struct RequestHead {
    std::string_view method_name;
    Method method = Method::other;
    Version version = Version::http11;
    std::string_view target;     // origin form, or "*": what the endpoint gets
    std::string_view path;       // the target up to '?'
    std::string_view authority;  // Host as sent, port included; "" only in HTTP/1.0
    std::string_view host;       // lower case, without port and trailing dot
    std::vector<Field> fields;
    FieldSet present;  // of `fields`

    Framing body;
    bool keep_alive = true;                // the client will send another request
    bool connection_names_fields = false;  // Connection lists more than close, keep-alive and such
    bool expects_continue = false;
    bool upgrades_to_websocket = false;

    std::string_view absolute_authority;  // of a target in absolute form; checked against Host
    std::string lowered_host;             // storage for `host` where it was not lower case already
    std::string rooted_target;            // storage for `target` of "http://host?query"
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    Version version = Version::http11;
    std::vector<Field> fields;
    FieldSet present;  // of `fields`

    Framing body;            // what follows this head
    Framing declared;        // what its fields say: differs in answers to HEAD and in a 304
    bool keep_alive = true;  // the endpoint's connection can carry another request
    bool connection_names_fields = false;
    bool switches_to_websocket = false;  // a 101 that says so
};

/// A part of a body. Views stay valid until the stream that gave it is asked for the next.
struct BodyPiece {
    std::string_view data;
    std::span<char> room;  // in front of `data`, free for a head that is sent together with it
    bool is_last = false;
    const std::vector<Field>* trailers = nullptr;  // with the last piece; null: none
};

}  // namespace fairlead::http
