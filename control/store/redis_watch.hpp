// Who tells us what others write to a Redis: the Redis itself, where it can.
//
// In this order: client tracking (Redis 6 and later; needs nothing switched on, and tells of a
// FLUSHALL too), keyspace notifications where they are switched on, else nobody, and the owner has
// to look for itself. Which it is is asked anew after each loss, and every 30 seconds while nobody
// tells. The configuration of Redis is never changed.
//
// Threads: control.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "control/redis/redis_subscription.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

class RedisWatch {
public:
    enum class Teller { nobody, notifications, tracking };

    struct Listener {
        std::function<void()> begun;               // from now on every change is told
        std::function<void(std::string)> changed;  // that key, written, expired or deleted
        std::function<void()> flushed;             // everything is gone
        std::function<void()> ended;               // nobody tells: not any more, or not at all
    };

    /// `database`: whose keys, for notifications. `redis` outlives it.
    RedisWatch(aio::IoContext& io, RedisDeployment& redis, model::StoreSettings::Watch wanted,
               unsigned database, Listener listener);

    /// Until stop(). Once.
    aio::task<> run();
    void stop();

    Teller teller() const noexcept { return teller_; }

private:
    aio::task<Checked<Teller>> choose() const;
    aio::task<Checked<>> listen(Teller teller);
    void take(const RedisMessage& message);
    aio::task<> pause(Duration time);

    aio::IoContext& io_;
    RedisDeployment& redis_;
    const model::StoreSettings::Watch wanted_;
    const std::string channel_prefix_;  // "__keyspace@0__:"
    const Listener listener_;
    aio::timer timer_;
    RedisSubscription* subscription_ = nullptr;  // while listen() runs
    Teller teller_ = Teller::nobody;
    bool is_stopped_ = false;
};

/// For /healthz: "client tracking", "keyspace notifications", "looking twice a second".
std::string_view to_string(RedisWatch::Teller teller) noexcept;

}  // namespace fairlead::control
