// Commands to one Redis over one connection, and their replies.
//
// Connects when first used and again after a failure.
//
// Threads: control. Several coroutines may call run(); they take turns.
#pragma once

#include "control/redis/redis_connection.hpp"
#include "control/redis/redis_reply.hpp"
#include "control/redis/redis_target.hpp"
#include "proxy/aio/turns.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"

#include <optional>
#include <string>

namespace fairlead::control {

class RedisClient {
public:
    /// `timeout`: for each run(), waiting for its turn and connecting included.
    RedisClient(aio::IoContext& io, RedisNode node, Duration timeout);
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    /// Sends all, then reads a reply for each, in order. A problem: the connection failed, and
    /// nobody knows which of the commands were carried out; error replies are replies.
    aio::task<Checked<RedisReplies>> run(RedisCommands commands);

    /// Ends what is under way with a problem, and refuses everything after it.
    void stop(std::string why = "shutting down");

    const RedisNode& node() const noexcept { return connection_.node(); }

private:
    aio::task<Checked<RedisReplies>> run_now(RedisCommands commands);

    const Duration timeout_;
    RedisConnection connection_;
    aio::Turns turns_;
    std::optional<std::string> stopped_;  // why
};

}  // namespace fairlead::control
