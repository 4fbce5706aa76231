// Where a Redis is and how it is spoken to, ready for use.
//
// Threads: any (values).
#pragma once

#include "control/redis/redis_url.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/net/tls_client.hpp"

#include <memory>
#include <string>

namespace fairlead::control {

/// One Redis: its address, how to log in, and TLS where there is a context.
struct RedisNode {
    RedisUrl url;
    std::shared_ptr<const net::TlsClientContext> tls = nullptr;
    std::string server_name = {};  // verified in place of the address's host
};

struct RedisTarget {
    RedisNode node;
    Duration timeout = std::chrono::seconds(5);  // of a command; Redx's redis_timeout
};

}  // namespace fairlead::control
