// What the connections of one listener have in common.
//
// Threads: any (immutable after start).
#pragma once

#include "proxy/http/http1_server_stream.hpp"
#include "proxy/model/config.hpp"
#include "proxy/net/tls.hpp"

#include <memory>
#include <string>

namespace fairlead::session {

struct ListenerContext {
    model::ListenerSettings settings;
    std::shared_ptr<const net::TlsContext> tls;  // null: plain
    http::Http1ServerStream::Settings stream;
    std::string port;  // for X-Forwarded-Port; "" for a Unix socket
};

}  // namespace fairlead::session
