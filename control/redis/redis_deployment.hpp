// A Redis as the store sees it, however it is deployed: one node, the master that sentinels name,
// or a cluster.
//
// Connects when first used, and again after a failure: each call tries once, so patience between
// calls is the caller's. Every call ends within the target's timeout, or a few of them where
// several nodes have to be asked.
//
// Threads: control. Several coroutines may call at the same time.
#pragma once

#include "control/redis/redis_reply.hpp"
#include "control/redis/redis_target.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

class RedisDeployment {
public:
    virtual ~RedisDeployment() = default;

    /// A reply for each command, in order; error replies are replies. A problem: a connection
    /// failed, and nobody knows which commands were carried out. Each command has its key as second
    /// word (EVAL and EVALSHA: as fourth); only FLUSHDB has none and means every master.
    virtual aio::task<Checked<RedisReplies>> run(RedisCommands commands) = 0;

    /// The same commands in MULTI and EXEC. A problem is also the first refusal of any of them. In
    /// a cluster all or none of those with keys in one slot are carried out, whatever becomes of
    /// those in other slots.
    virtual aio::task<Checked<RedisReplies>> run_atomically(RedisCommands commands) = 0;

    /// The nodes that have keys, for run_on(): every key is on exactly one of them.
    virtual aio::task<Checked<std::vector<std::string>>> masters() = 0;

    /// Commands about a whole node: SCAN, INFO, DBSIZE, CONFIG ... A problem also where it is no
    /// longer a master.
    virtual aio::task<Checked<RedisReplies>> run_on(std::string master, RedisCommands commands) = 0;

    /// How to connect to a master, for connections of one's own (RedisSubscription).
    virtual Checked<RedisNode> node_of(const std::string& master) const = 0;

    /// Another number whenever there may be other masters, or other keys on them, than before:
    /// what was read across the change, or not heard of, has to be read again.
    virtual std::uint64_t generation() const noexcept = 0;

    /// For logs and /healthz; no password.
    virtual std::string name() const = 0;

    /// Ends what is under way with a problem, and refuses everything after it.
    virtual void stop() = 0;
};

/// Connects to nothing yet.
std::unique_ptr<RedisDeployment> open_redis(aio::IoContext& io, const RedisTarget& target);

}  // namespace fairlead::control
