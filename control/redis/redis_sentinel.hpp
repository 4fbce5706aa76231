// A deployment whose master is named by sentinels, and changes when they say so.
//
// They are asked when a master is needed, and then twice a second: when they name another one, the
// connection to the old one is ended with all that waits on it, so a master that is gone without a
// word holds nothing up for longer than that. A node that refuses writes (READONLY) is no master:
// they are asked at once, and what it refused is said again to the new one.
//
// Threads: control.
#pragma once

#include "control/redis/redis_deployment.hpp"

#include <memory>

namespace fairlead::control {

class RedisSentinel final : public RedisDeployment {
public:
    /// `target` has sentinels.
    RedisSentinel(aio::IoContext& io, const RedisTarget& target);
    ~RedisSentinel() override;
    RedisSentinel(const RedisSentinel&) = delete;
    RedisSentinel& operator=(const RedisSentinel&) = delete;

    aio::task<Checked<RedisReplies>> run(RedisCommands commands) override;
    aio::task<Checked<RedisReplies>> run_atomically(RedisCommands commands) override;
    aio::task<Checked<std::vector<std::string>>> masters() override;
    aio::task<Checked<RedisReplies>> run_on(std::string master, RedisCommands commands) override;
    Checked<RedisNode> node_of(const std::string& master) const override;
    std::uint64_t generation() const noexcept override;
    std::string name() const override;
    void stop() override;

private:
    struct State;

    std::shared_ptr<State> watched();

    std::shared_ptr<State> state_;  // the watch may outlive us
};

}  // namespace fairlead::control
