// The PROXY protocol, versions 1 and 2: what a balancer writes in front of a connection to say
// whose it is.
//
// A pure function of the bytes that have come so far. The grammar is the one of HAProxy's
// proxy-protocol.txt, read strictly: version 1 is one line of at most 107 bytes with single spaces
// and canonical numbers; version 2 has known command, family and transport, a length that its
// addresses and TLVs fill exactly, and a CRC32c that is right where there is one. LOCAL, UNSPEC,
// UNKNOWN and Unix addresses are complete headers without addresses: the socket's own are the
// client's then. Whether a peer may say all this is for the caller to decide.
//
// Threads: any (pure). Cost: one pass; no allocation. The views point into the bytes given.
#pragma once

#include "proxy/model/ip_prefix.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::net {

struct ProxyHeader {
    struct Addresses {
        model::IpBytes source = {};       // the client
        model::IpBytes destination = {};  // what the client connected to
        std::uint16_t source_port = 0;
        std::uint16_t destination_port = 0;
    };
    /// PP2_TYPE_SSL: the client's own TLS connection to the sender.
    struct Tls {
        bool is_encrypted = false;     // PP2_CLIENT_SSL
        bool has_client_cert = false;  // shown in this or an earlier session
        bool is_verified = false;      // and it was valid
        std::string_view version;      // "TLSv1.3"
        std::string_view cipher;       // "ECDHE-RSA-AES128-GCM-SHA256"
        std::string_view common_name;  // of the client certificate, UTF-8
    };

    int version = 0;                     // 1 or 2
    std::optional<Addresses> addresses;  // none: the socket's own hold
    std::optional<Tls> tls;
    std::string_view alpn;
    std::string_view authority;     // the name the client asked for (SNI)
    std::string_view unique_id;     // at most 128 bytes, opaque
    std::string_view vpc_endpoint;  // AWS: "vpce-..."
};

struct ProxyHeaderRead {
    enum class Status : std::uint8_t {
        absent,      // these bytes begin something else
        incomplete,  // call again with the same bytes and more behind them
        complete,    // `size` bytes are the header
        failed,      // `why`
    };

    Status status = Status::incomplete;
    std::size_t size = 0;
    std::string_view why;
};

/// Longer ones are refused: addresses and TLVs that balancers send take some hundred bytes.
inline constexpr std::size_t most_proxy_header_bytes = 4096;

/// Reads the header that `bytes` may begin with. `header` is filled in where the result is
/// complete.
ProxyHeaderRead read_proxy_header(std::string_view bytes, ProxyHeader& header);

}  // namespace fairlead::net
