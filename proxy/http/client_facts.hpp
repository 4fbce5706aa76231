// What is known of a client connection before its first request.
//
// Threads: one worker. One a connection; unchanged from its first request on.
#pragma once

#include "proxy/model/ip_prefix.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// What a PROXY header said beyond the addresses (net/proxy_header.hpp), for the log.
struct ProxyFacts {
    std::string peer;               // who wrote the header: the connection's own other side
    std::uint16_t source_port = 0;  // the client's
    std::string authority;          // the name that the client asked the balancer for (SNI)
    std::string alpn;
    std::string unique_id;
    std::string vpc_endpoint;  // AWS PrivateLink: "vpce-..."
    std::string tls_version;   // of the client's connection to the balancer; "": none
    std::string tls_cipher;
    std::string tls_common_name;  // of the client's certificate, where the balancer verified it
};

struct ClientFacts {
    std::string ip;    // "" for a Unix socket
    std::string port;  // that the client connected to; "" for a Unix socket
    std::string_view scheme = "http";
    bool is_trusted = false;  // its X-Forwarded-* are believed and extended
    // The listener's: whose entries in X-Forwarded-For are looked behind as well. May be null.
    const std::vector<model::IpPrefix>* trusted_proxies = nullptr;
    bool underscores_pass = false;                      // in the names of its headers
    std::unique_ptr<const ProxyFacts> proxy = nullptr;  // null: no PROXY header
};

}  // namespace fairlead::http
