// Asks nodes that know the same, one after the other until one has an answer: sentinels who the
// master is, nodes of a cluster who has which slots.
//
// Threads: control. One coroutine asks at a time.
#pragma once

#include "control/redis/redis_client.hpp"
#include "control/redis/redis_reply.hpp"
#include "control/redis/redis_target.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

class RedisPanel {
public:
    /// `timeout`: for each node.
    RedisPanel(aio::IoContext& io, Duration timeout) : io_(io), timeout_(timeout) {}

    struct Answer {
        RedisReply reply;
        model::Address from;
    };
    /// Says of a reply whether it is an answer; a problem: ask the next one.
    using Check = Checked<> (*)(const RedisReply& reply);

    /// Begins with who had the last answer, and keeps the connection to it. A problem: what was
    /// wrong with the last one that was asked.
    aio::task<Checked<Answer>> ask(std::vector<RedisNode> nodes, RedisCommand command, Check check);

    /// Ends what is under way with a problem.
    void stop();

private:
    aio::task<Checked<Answer>> ask_one(RedisNode node, RedisCommand command, Check check);

    aio::IoContext& io_;
    const Duration timeout_;
    std::shared_ptr<RedisClient> client_;  // of who had the last answer, or is being asked
    bool is_stopped_ = false;
};

}  // namespace fairlead::control
