// What a Redis tells unasked: messages on channels of a pattern (PSUBSCRIBE), and the keys of some
// prefixes that change (CLIENT TRACKING, Redis 6 and later), from every master.
//
// next() connects where need be and waits between tries (50 ms to 1 s). It first says `subscribed`:
// what happened before may have gone unheard, what happens from then on is heard. A problem means
// that messages may have been missed; it is told once, and the next thing next() returns is
// `subscribed` again.
//
// Threads: control. One coroutine calls next().
// Cost: one connection to each master, and a PING when it was silent for the target's timeout.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

struct RedisMessage {
    enum class Kind : std::uint8_t {
        subscribed,
        message,
        invalidated,  // a tracked key was written, expired or deleted; `payload` is its name
        flushed,      // of all tracked keys it is not known any more what they hold
    };

    Kind kind = Kind::message;
    std::string master;   // as RedisDeployment::masters() calls it
    std::string channel;  // "__keyspace@0__:frontend:a.com"
    std::string payload;  // "set"
};

class RedisSubscription {
public:
    /// `redis` outlives it. `timeout`: for connecting, and half the silence that counts as a loss.
    /// `tracked`: prefixes of keys, none the beginning of another.
    RedisSubscription(aio::IoContext& io, RedisDeployment& redis, std::vector<std::string> patterns,
                      Duration timeout, std::vector<std::string> tracked = {});
    ~RedisSubscription();
    RedisSubscription(const RedisSubscription&) = delete;
    RedisSubscription& operator=(const RedisSubscription&) = delete;

    aio::task<Checked<RedisMessage>> next();

    /// next() returns a problem from now on.
    void stop();

private:
    class Ear;
    struct Heard;

    aio::task<Checked<>> subscribe();
    aio::task<> pause(Duration time);
    void hang_up();
    Problem lost(Problem why);

    aio::IoContext& io_;
    RedisDeployment& redis_;
    const std::vector<std::string> patterns_;
    const std::vector<std::string> tracked_;
    const Duration timeout_;
    std::shared_ptr<Heard> heard_;
    std::vector<std::shared_ptr<Ear>> ears_;  // one for each master
    std::uint64_t generation_ = 0;            // of the deployment, when we subscribed
    Duration backoff_;
    bool is_subscribed_ = false;
    bool has_told_ = false;  // of the present loss
    bool is_stopped_ = false;
};

}  // namespace fairlead::control
