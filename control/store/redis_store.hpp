// The store in a Redis, in Redx's schema: frontend:<url> strings, backend:<name> hashes; and
// Hipache's lists, where they are served.
//
// Everything is read once, and again after each loss of the connection. What others write is told
// by Redis, key by key (RedisWatch), and then that key is read; where Redis cannot tell, a look
// twice a second at its change counters says when to read everything again. Everything is read now
// and then in any case. What is different is published, but for a sudden loss of most routes, which
// is held back (MassDeleteGuard). While Redis is away the last state stands; a start without Redis
// begins with the copy on disk (LastGood).
//
// Threads: control.
// Cost: a changed key costs one to three commands and O(log n).
// Invariant: what source_ holds is never older than a change that apply() has confirmed.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "control/store/last_good.hpp"
#include "control/store/mass_delete_guard.hpp"
#include "control/store/redis_keys.hpp"
#include "control/store/redis_watch.hpp"
#include "control/store/store.hpp"
#include "control/store/store_source.hpp"
#include "proxy/aio/alarm.hpp"
#include "proxy/aio/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

class RedisStore final : public Store, private discovery::Source {
public:
    RedisStore(aio::IoContext& io, const RedisTarget& target, const model::StoreSettings& settings,
               KeyRules rules);

    aio::task<Checked<>> apply(std::vector<StoreChange> changes, std::string who) override;
    aio::task<Checked<>> read(Look look) override;
    aio::task<Checked<>> read_one(StoreEntry entry, Look look) override;
    aio::task<Checked<>> probe() override;
    std::size_t accept_loss(const std::string& who) override;
    discovery::Source& source() noexcept override { return *this; }

private:
    aio::task<Checked<>> check_types(const std::vector<StoreChange>& changes);
    model::SourceKind kind() const noexcept override { return model::SourceKind::store; }
    aio::task<> run(Publish publish) override;
    void stop() override;
    discovery::SourceStatus status() const override;

    RedisWatch::Listener listener();
    aio::task<Checked<>> look();
    aio::task<Checked<>> read_all(std::string counters);
    aio::task<Checked<>> read_unseen(StoreImage& image);
    aio::task<Checked<>> read_dirty();
    aio::task<Checked<bool>> has_lost_keys();
    void take(StoreImage image);
    void take(std::vector<KeyReading> readings);
    bool is_believed(const KeySet& missing);
    void release(const std::string& key);
    void note_flush();
    void accept(std::string_view why, const std::string& who);

    void serve_last_good();
    void keep_last_good();
    aio::task<> wait_for(Duration patience);
    void wake();
    void note_connected();
    void note_failure(const Problem& why);

    const HipacheLists lists_;
    StoreSource source_;
    MassDeleteGuard guard_;
    const std::unique_ptr<RedisDeployment> commands_;  // for the API
    const std::unique_ptr<RedisDeployment> watcher_;  // for the source: a long read delays no write
    RedisWatch watch_;
    aio::executor executor_;

    aio::timer timer_;
    bool stopping_ = false;
    bool woken_ = false;

    // What to read next.
    bool needs_all_ = true;
    KeySet dirty_;
    // What apply() confirmed while something was being read: the reading may be older than that.
    bool is_reading_ = false;
    KeySet written_meanwhile_;
    bool flushed_meanwhile_ = false;
    std::string last_counters_;  // as they were before everything was read
    TimePoint last_read_ = {};
    TimePoint next_read_ = {};  // not before, where only the counters say so

    bool is_connected_ = false;
    std::string last_problem_;
    std::optional<WallTime> confirmed_;  // when what is held was known to be what Redis holds

    std::optional<LastGood> last_good_;
    aio::Alarm late_;  // Redis takes too long to wait for it at the start
    bool has_looked_on_disk_ = false;
    std::uint64_t saved_version_ = 0;
    TimePoint next_save_ = {};
    TimePoint next_confirmation_ = {};
};

}  // namespace fairlead::control
