// What the connections of one listener have in common.
//
// Threads: any (immutable after start).
#pragma once

#include "proxy/http/client_facts.hpp"
#include "proxy/http/http1_server_stream.hpp"
#include "proxy/model/config.hpp"
#include "proxy/net/tls.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fairlead::session {

/// What a request's head may have.
http::HeadLimits head_limits(const model::Limits& limits) noexcept;

struct ListenerContext {
    model::ListenerSettings settings;
    std::shared_ptr<const net::TlsContext> tls;  // null: plain
    http::Http1ServerStream::Settings stream;
    std::string port;  // for X-Forwarded-Port; "" for a Unix socket

    /// What is known of a client there. `ip`: none on a Unix socket.
    http::ClientFacts client_at(const std::optional<model::IpBytes>& ip) const;
};

}  // namespace fairlead::session
