// A deployment of one node.
//
// Threads: control.
#pragma once

#include "control/redis/redis_client.hpp"
#include "control/redis/redis_deployment.hpp"

namespace fairlead::control {

class RedisSingle final : public RedisDeployment {
public:
    RedisSingle(aio::IoContext& io, const RedisTarget& target)
        : client_(io, target.node, target.timeout) {}

    aio::task<Checked<RedisReplies>> run(RedisCommands commands) override;
    aio::task<Checked<RedisReplies>> run_atomically(RedisCommands commands) override;
    aio::task<Checked<std::vector<std::string>>> masters() override;
    aio::task<Checked<RedisReplies>> run_on(std::string master, RedisCommands commands) override;
    Checked<RedisNode> node_of(const std::string& master) const override;
    std::uint64_t generation() const noexcept override { return 0; }
    std::string name() const override;
    void stop() override { client_.stop(); }

private:
    RedisClient client_;
};

}  // namespace fairlead::control
