// Where a Redis is and how it is spoken to, ready for use.
//
// Threads: any (values).
#pragma once

#include "control/redis/redis_url.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/model/config.hpp"
#include "proxy/net/tls_client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::control {

/// One Redis: its address, how to log in, and TLS where there is a context.
struct RedisNode {
    RedisUrl url;
    std::shared_ptr<const net::TlsClientContext> tls = nullptr;
    std::string server_name = {};  // verified in place of the address's host
};

struct RedisTarget {
    struct Sentinels {
        std::string master;  // as they call it
        std::vector<RedisNode> nodes;
    };
    struct Cluster {
        std::vector<RedisNode> seeds;  // whom to ask first for its nodes
    };

    RedisNode node;  // with sentinels: of any address; in a cluster: every node but for its address
    Duration timeout = std::chrono::seconds(5);  // of a command; Redx's redis_timeout
    std::optional<Sentinels> sentinels = std::nullopt;
    std::optional<Cluster> cluster = std::nullopt;
};

/// Reads the files that TLS needs. A problem says what of the settings does not go together, and
/// never a password.
Checked<RedisTarget> redis_target(const model::RedisSettings& settings);

}  // namespace fairlead::control
