// The store in a Redis, in Redx's schema: frontend:<url> strings, backend:<name> hashes.
//
// What others write to the same Redis is found by a look twice a second at its change counters,
// which costs the same whatever the number of keys; a change there, or 30 seconds, means reading
// everything again (SCAN, then GET and HGETALL in pipelines). While Redis is away the last state
// stands; what it has when it is back, be it nothing, is believed.
//
// Threads: control.
// Invariant: what source_ holds is never older than a change that apply() has confirmed.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "control/store.hpp"
#include "control/store_source.hpp"
#include "proxy/aio/types.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

class RedisStore final : public Store, private discovery::Source {
public:
    RedisStore(aio::IoContext& io, const RedisTarget& target, KeyRules rules);

    aio::task<Checked<>> apply(std::vector<StoreChange> changes, std::string who) override;
    aio::task<Checked<>> read(Look look) override;
    aio::task<Checked<>> read_one(StoreEntry entry, Look look) override;
    aio::task<Checked<>> probe() override;
    discovery::Source& source() noexcept override { return *this; }

private:
    model::SourceKind kind() const noexcept override { return model::SourceKind::store; }
    aio::task<> run(Publish publish) override;
    void stop() override;
    discovery::SourceStatus status() const override;

    static aio::task<Checked<StoreImage>> read_from(RedisDeployment& redis);
    static aio::task<Checked<std::vector<std::string>>> list_keys(RedisDeployment& redis);
    aio::task<Checked<>> look();
    aio::task<Checked<std::string>> change_counters();
    aio::task<> wait_for(Duration patience);
    void wake();
    void note_connected();
    void note_failure(const Problem& why);

    StoreSource source_;
    const std::unique_ptr<RedisDeployment> commands_;  // for the API
    const std::unique_ptr<RedisDeployment> watcher_;  // for the source: a long read delays no write

    aio::timer timer_;
    bool stopping_ = false;
    bool woken_ = false;
    // What apply() confirmed while everything was being read: the reading may be older than that.
    bool is_reading_ = false;
    std::vector<StoreChange> confirmed_meanwhile_;
    std::string last_counters_;  // as they were before everything was read
    TimePoint last_read_ = {};
    bool is_connected_ = false;
    std::string last_problem_;
};

}  // namespace fairlead::control
