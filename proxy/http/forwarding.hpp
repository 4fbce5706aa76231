// What of a head is passed on, and what we say about the client: RFC 9110 7.6 and X-Forwarded-*.
//
// Threads: one worker. Independent of the protocol on either side.
#pragma once

#include "proxy/http/message.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// What is known of a client connection. One a connection.
struct ClientFacts {
    std::string ip;    // "" for a Unix socket
    std::string port;  // of our listener; "" for a Unix socket
    std::string_view scheme = "http";
    bool is_trusted = false;  // its X-Forwarded-* are believed and extended
    // The listener's: whose entries in X-Forwarded-For are looked behind as well. May be null.
    const std::vector<model::IpPrefix>* trusted_proxies = nullptr;
};

/// Decides field by field whether a head's fields pass.
class FieldFilter {
public:
    explicit FieldFilter(const std::vector<Field>& fields);

    /// A request's field: not hop-by-hop, not framing, not one that we write ourselves.
    bool passes_in_request(const Field& field, const ClientFacts& client) const noexcept;
    bool passes_in_response(const Field& field) const noexcept;
    /// RFC 9110 6.5.1: no framing, routing or hop-by-hop field in trailers.
    static bool passes_in_trailers(const Field& field) noexcept;

private:
    bool is_listed(std::string_view name) const noexcept;

    // Values of Connection fields that name more than close, keep-alive, upgrade and TE; rarely
    // any.
    const std::vector<Field>* fields_ = nullptr;
};

/// Writes X-Forwarded-For, -Proto, -Port and -Host: always. What a trusted client said of them is
/// kept, and X-Forwarded-For extended with the client's own address. `Forwarded` (RFC 7239) is
/// extended where a trusted client sent one; we do not begin it.
void write_forwarding_fields(std::string& out, const RequestHead& head, const ClientFacts& client);

}  // namespace fairlead::http
