// A deployment as a cluster: keys are spread over masters by hash slot.
//
// Who has which slots is asked of any node when it is first needed, twice a second, and after every
// MOVED. MOVED and ASK are followed, a few times for one command; TRYAGAIN is tried again. Nodes
// that are no master any more are hung up on, so one that is gone without a word holds nothing up
// once the others have agreed on its successor.
//
// Threads: control.
// Cost: commands to one node go out as one pipeline, the nodes are asked one after the other.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "proxy/model/address.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

class RedisCluster final : public RedisDeployment {
public:
    /// `target` has a cluster.
    RedisCluster(aio::IoContext& io, const RedisTarget& target);
    ~RedisCluster() override;
    RedisCluster(const RedisCluster&) = delete;
    RedisCluster& operator=(const RedisCluster&) = delete;

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
    struct Parcel;

    std::shared_ptr<State> watched();
    aio::task<Checked<RedisReplies>> run_all(RedisCommands commands, bool atomically);
    aio::task<Checked<RedisReplies>> run_by_slot(RedisCommands commands, bool atomically);
    aio::task<Checked<RedisReply>> flush();
    static aio::task<Checked<>> deliver(std::shared_ptr<State> state, std::vector<Parcel>& parcels);
    static aio::task<Checked<>> send(std::shared_ptr<State> state, model::Address address,
                                     std::vector<Parcel*> load);

    std::shared_ptr<State> state_;  // the watch may outlive us
};

}  // namespace fairlead::control
