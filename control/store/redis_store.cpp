#include "control/store/redis_store.hpp"

#include "control/store/redis_counters.hpp"
#include "control/store/shown_text.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/duration_text.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <tuple>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration look_interval = 500ms;
constexpr Duration told_interval = 1s;           // between two looks at our own clocks
constexpr Duration reread_interval = 30s;        // whatever the counters say
constexpr Duration reread_told_interval = 5min;  // whatever we were told
constexpr Duration longest_reread_pause = 1500ms;
constexpr int reread_share = 8;  // reading everything takes at most a ninth of the time
constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 1s;
constexpr Duration first_word_within = 500ms;  // of Redis, before the copy on disk is served
constexpr Duration save_interval = 5s;
constexpr Duration confirm_interval = 10s;
// A flush told again after this long is another one, not another master's part of the same.
constexpr Duration repeated_after = 1s;
constexpr const char* last_good_name = "last-good.json";

std::string probe_value() {
    // Not a secret; only not the same for two processes.
    static std::mt19937_64 random{std::random_device{}()};
    return fmt::format("{}", random());
}

MassDeleteGuard::Settings guard_settings(const model::StoreSettings& settings) {
    MassDeleteGuard::Settings guard;
    guard.percent = settings.mass_delete_guard;
    guard.hold = settings.mass_delete_hold;
    return guard;
}

std::string last_good_path(const model::StoreSettings& settings) {
    if (!settings.last_good.empty()) return settings.last_good;
    return (std::filesystem::path(settings.embedded) / last_good_name).string();
}

}  // namespace

RedisStore::RedisStore(aio::IoContext& io, const RedisTarget& target,
                       const model::StoreSettings& settings, KeyRules rules)
    : lists_(settings.hipache ? HipacheLists::served : HipacheLists::refused),
      source_(std::move(rules)),
      guard_(guard_settings(settings)),
      commands_(open_redis(io, target)),
      watcher_(open_redis(io, target)),
      watch_(io, *watcher_, settings.watch, target.node.url.database, listener()),
      executor_(io.get_executor()),
      timer_(executor_),
      late_(executor_, [this] { serve_last_good(); }) {
    if (settings.last_good != "off")
        last_good_.emplace(last_good_path(settings), commands_->name());
}

RedisWatch::Listener RedisStore::listener() {
    RedisWatch::Listener listener;
    listener.begun = [this] {
        needs_all_ = true;
        wake();
    };
    listener.changed = [this](const std::string& key) {
        if (!key.starts_with(dead_prefix)) {
            dirty_.insert(key);
        } else if (lists_ == HipacheLists::served) {
            dirty_.insert(std::string(frontend_prefix) + key.substr(dead_prefix.size()));
        }
        wake();
    };
    listener.flushed = [this] { note_flush(); };
    listener.ended = [this] { wake(); };
    return listener;
}

/// Redis carries out the rest of a MULTI when one command meets a key of another type. Such keys
/// are known, so that asking costs nothing where there are none.
aio::task<Checked<>> RedisStore::check_types(const std::vector<StoreChange>& changes) {
    using Kind = StoreChange::Kind;
    RedisCommands questions;
    KeySet deleted;
    for (const auto& change : changes) {
        const auto key = std::string(backend_prefix) + change.name;
        if (change.kind == Kind::delete_backend) deleted.insert(key);
        const bool needs_hash =
            change.kind == Kind::set_server || change.kind == Kind::delete_server ||
            change.kind == Kind::set_config || change.kind == Kind::delete_config;
        if (needs_hash && !deleted.contains(key) && source_.image().refused.contains(key))
            questions.push_back({"TYPE", key});
    }
    if (questions.empty()) co_return Checked<>{};
    const auto replies = co_await commands_->run(std::move(questions));
    if (!replies) co_return replies.error();
    for (const auto& reply : *replies) {
        if (reply.is_error()) co_return problem("{}", reply.text);
        if (reply.text == "hash" || reply.text == "none") continue;
        co_return problem("WRONGTYPE Operation against a key holding the wrong kind of value");
    }
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::apply(std::vector<StoreChange> changes, std::string who) {
    const auto checked = co_await check_types(changes);
    if (!checked) co_return checked;
    RedisCommands commands;
    for (const auto& change : changes) commands.push_back(command_for(change));
    const auto done = co_await commands_->run_atomically(std::move(commands));
    const bool is_flush = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
        return change.kind == StoreChange::Kind::flush;
    });
    const auto keys = keys_of(changes);
    if (!done) {
        // What a lost connection carried out is not known.
        dirty_.insert(keys.begin(), keys.end());
        needs_all_ = needs_all_ || is_flush;
        wake();
        co_return done.error();
    }
    if (is_flush) guard_.release_all();
    for (const auto& key : keys) release(key);
    if (is_reading_) {
        written_meanwhile_.insert(keys.begin(), keys.end());
        flushed_meanwhile_ = flushed_meanwhile_ || is_flush;
    }
    if (source_.is_known()) source_.apply(changes, who);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read(Look look) {
    const auto reading = co_await read_image(*commands_, HipacheLists::refused);
    if (!reading) co_return reading.error();
    look(*reading);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read_one(StoreEntry entry, Look look) {
    const bool is_frontend = entry.kind == StoreEntry::Kind::frontend;
    const auto key = std::string(is_frontend ? frontend_prefix : backend_prefix) + entry.name;
    RedisCommands commands;
    commands.push_back({is_frontend ? "GET" : "HGETALL", key});
    auto replies = co_await commands_->run(std::move(commands));
    if (!replies) co_return replies.error();
    auto& reply = replies->front();
    if (reply.is_error()) co_return problem("{}", reply.text);
    StoreImage found;
    if (is_frontend && !reply.is_nil()) found.contents.frontends[entry.name] = reply.text;
    if (!is_frontend && !reply.items.empty())
        found.contents.backends[entry.name] = backend_of(std::move(reply));
    look(found);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::probe() {
    const auto value = probe_value();
    const auto key = "healthcheck:" + value;
    std::vector<RedisCommand> commands;
    commands.push_back({"SET", key, value, "EX", "60"});
    commands.push_back({"GET", key});
    commands.push_back({"DEL", key});
    const auto replies = co_await commands_->run(std::move(commands));
    if (!replies) co_return replies.error();
    const auto& [set, get, deleted] = std::tie((*replies)[0], (*replies)[1], (*replies)[2]);
    if (set.is_error()) co_return problem("Failed to write to redis");
    if (get.is_error()) co_return problem("Failed to read redis");
    if (get.text != value) co_return problem("Healthcheck failed to write and read from redis");
    if (deleted.is_error()) co_return problem("Failed to delete key from redis");
    co_return Checked<>{};
}

/// Notifications do not tell of a FLUSHALL: then there are fewer keys than ours alone.
aio::task<Checked<bool>> RedisStore::has_lost_keys() {
    const auto keys = co_await count_keys(*watcher_);
    if (!keys) co_return keys.error();
    const auto& image = source_.image();
    const auto held = image.routes() + image.contents.backends.size();
    co_return *keys < held - std::min(held, guard_.held_back().size());
}

/// Reads what there is reason to read; without a reason nothing.
aio::task<Checked<>> RedisStore::look() {
    const auto now = Clock::now();
    const bool is_told = watch_.teller() == RedisWatch::Teller::tracking;
    const auto interval = is_told ? reread_told_interval : reread_interval;
    const bool is_due = needs_all_ || !source_.is_known() || now - last_read_ >= interval;
    std::string counters;
    if (watch_.teller() == RedisWatch::Teller::nobody) {
        auto seen = co_await change_counters(*watcher_);
        if (!seen) co_return seen.error();
        counters = std::move(*seen);
        const bool is_other = counters.empty() || counters != last_counters_;
        if (is_due || (is_other && now >= next_read_)) {
            co_return co_await read_all(std::move(counters));
        }
    }
    if (is_due) co_return co_await read_all(std::move(counters));
    if (watch_.teller() == RedisWatch::Teller::notifications) {
        const auto has_lost = co_await has_lost_keys();
        if (!has_lost) co_return has_lost.error();
        if (*has_lost) co_return co_await read_all(std::move(counters));
    }
    if (!dirty_.empty()) co_return co_await read_dirty();
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read_all(std::string counters) {
    const auto begun = Clock::now();
    dirty_.clear();
    needs_all_ = false;
    written_meanwhile_.clear();
    flushed_meanwhile_ = false;
    is_reading_ = true;
    auto image = co_await read_image(*watcher_, lists_);
    if (image) {
        const auto confirmed = co_await read_unseen(*image);
        if (!confirmed) image = confirmed.error();
    }
    is_reading_ = false;
    dirty_.insert(written_meanwhile_.begin(), written_meanwhile_.end());
    if (!image || flushed_meanwhile_) needs_all_ = true;
    if (!image) co_return image.error();
    if (flushed_meanwhile_) co_return Checked<>{};
    if (source_.is_known()) {
        for (const auto& key : written_meanwhile_) image->put({key, source_.image().at(key)});
    }
    take(std::move(*image));
    last_counters_ = std::move(counters);
    last_read_ = Clock::now();
    next_read_ = last_read_ + std::min(reread_share * (last_read_ - begun), longest_reread_pause);
    co_return Checked<>{};
}

/// A key that moves between two nodes of a cluster while they are scanned may be seen on neither:
/// what is missing is asked for by its name, which is followed to where it is.
aio::task<Checked<>> RedisStore::read_unseen(StoreImage& image) {
    if (!source_.is_known()) co_return Checked<>{};
    const auto masters = co_await watcher_->masters();
    if (!masters) co_return masters.error();
    if (masters->size() < 2) co_return Checked<>{};
    std::vector<std::string> unseen;
    for (auto& key : keys_of(source_.image())) {
        if (!image.has(key)) unseen.push_back(key);
    }
    auto readings = co_await read_keys(*watcher_, std::move(unseen), lists_);
    if (!readings) co_return readings.error();
    for (auto& reading : *readings) image.put(std::move(reading));
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read_dirty() {
    const auto asked = std::exchange(dirty_, {});
    std::vector<std::string> keys(asked.begin(), asked.end());
    written_meanwhile_.clear();
    flushed_meanwhile_ = false;
    is_reading_ = true;
    auto readings = co_await read_keys(*watcher_, std::move(keys), lists_);
    is_reading_ = false;
    if (!readings) {
        dirty_.insert(asked.begin(), asked.end());
        co_return readings.error();
    }
    std::erase_if(*readings, [this](const KeyReading& reading) {
        return flushed_meanwhile_ || written_meanwhile_.contains(reading.key);
    });
    if (flushed_meanwhile_) needs_all_ = true;
    dirty_.insert(written_meanwhile_.begin(), written_meanwhile_.end());
    take(std::move(*readings));
    co_return Checked<>{};
}

void RedisStore::take(StoreImage image) {
    if (source_.is_known()) {
        KeySet missing;
        for (auto& key : keys_of(source_.image())) {
            if (!source_.image().refused.contains(key) && !image.has(key)) missing.insert(key);
        }
        const auto held_back = guard_.held_back();
        for (const auto& key : held_back) {
            if (image.has(key)) release(key);
        }
        if (!is_believed(missing)) {
            for (const auto& key : missing) image.put({key, source_.image().at(key)});
        }
    }
    source_.replace(std::move(image), "redis");
}

void RedisStore::take(std::vector<KeyReading> readings) {
    KeySet missing;
    const auto is_gone = [](const KeyReading& reading) {
        return std::holds_alternative<std::monostate>(reading.found);
    };
    for (const auto& reading : readings) {
        if (!is_gone(reading)) {
            release(reading.key);
        } else if (source_.image().has(reading.key) &&
                   !source_.image().refused.contains(reading.key)) {
            missing.insert(reading.key);
        }
    }
    if (!is_believed(missing)) std::erase_if(readings, is_gone);
    source_.put(std::move(readings), "redis");
}

bool RedisStore::is_believed(const KeySet& missing) {
    const bool was_holding = guard_.is_holding();
    const auto verdict = guard_.judge(source_.image(), missing, Clock::now());
    if (guard_.is_holding() && !was_holding) {
        log::warn("store.loss_held_back", log::kv("keys", missing.size()),
                  log::kv("routes", source_.image().routes()),
                  log::kv("first", shown(*missing.begin())));
    }
    return verdict == MassDeleteGuard::Verdict::believed;
}

/// The key is there again, or was taken away through us.
void RedisStore::release(const std::string& key) {
    if (guard_.release(key)) log::info("store.loss_recovered");
}

void RedisStore::note_flush() {
    needs_all_ = true;
    if (guard_.is_holding() && Clock::now() - guard_.since() >= repeated_after)
        accept("flushed again", "redis");
    wake();
}

void RedisStore::accept(std::string_view why, const std::string& who) {
    std::vector<KeyReading> readings;
    for (auto& key : guard_.release_all()) readings.push_back({key, {}});
    log::warn("store.loss_accepted", log::kv("keys", readings.size()), log::kv("why", why),
              log::kv("who", who));
    source_.put(std::move(readings), who);
}

std::size_t RedisStore::accept_loss(const std::string& who) {
    const auto count = guard_.held_back().size();
    if (count > 0) accept("confirmed", who);
    return count;
}

void RedisStore::serve_last_good() {
    if (!last_good_ || source_.is_known() || std::exchange(has_looked_on_disk_, true)) return;
    auto copy = last_good_->load();
    if (!copy) {
        log::error("store.last_good_unusable", log::kv("why", copy.error().text()));
        return;
    }
    if (!*copy) return;
    confirmed_ = (*copy)->as_of;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now() - *confirmed_);
    source_.replace(std::move((*copy)->image), "last good copy");
    saved_version_ = source_.version();
    log::warn("store.last_good_served", log::kv("age_seconds", age.count()),
              log::kv("routes", source_.image().routes()),
              log::kv("why", last_problem_.empty() ? "redis does not answer" : last_problem_));
}

/// What is served goes to disk, at most every few seconds; that Redis still says so, even less
/// often.
void RedisStore::keep_last_good() {
    const auto now = Clock::now();
    confirmed_ = std::chrono::system_clock::now();
    if (!last_good_) return;
    if (source_.version() != saved_version_ && now >= next_save_) {
        last_good_->save(source_.image());
        saved_version_ = source_.version();
        next_save_ = now + save_interval;
    } else if (now >= next_confirmation_ && source_.version() == saved_version_) {
        last_good_->confirm(*confirmed_);
        next_confirmation_ = now + confirm_interval;
    }
}

void RedisStore::note_connected() {
    if (is_connected_) return;
    is_connected_ = true;
    last_problem_.clear();
    log::info("redis.connected", log::kv("address", watcher_->name()));
}

void RedisStore::note_failure(const Problem& why) {
    if (is_connected_ || last_problem_ != why.text()) {
        log::warn("redis.unavailable", log::kv("address", watcher_->name()),
                  log::kv("why", why.text()));
    }
    is_connected_ = false;
    last_problem_ = why.text();
    serve_last_good();
}

aio::task<> RedisStore::wait_for(Duration patience) {
    if (!woken_) {
        timer_.expires_after(patience);
        co_await timer_.async_wait();
    }
    woken_ = false;
}

void RedisStore::wake() {
    woken_ = true;
    timer_.cancel();
}

aio::task<> RedisStore::run(Publish publish) {
    source_.start(std::move(publish), "redis");
    late_.arm(first_word_within);
    aio::spawn(executor_, "redis.watch", watch_.run());
    // Who tells is settled first, so that everything is read once and not twice.
    co_await wait_for(first_word_within);
    auto backoff = first_backoff;
    while (!stopping_) {
        const auto looked = co_await look();
        if (stopping_) break;
        if (!looked) {
            note_failure(looked.error());
            co_await wait_for(backoff);
            backoff = std::min(backoff * 2, longest_backoff);
            continue;
        }
        note_connected();
        backoff = first_backoff;
        if (guard_.is_over(Clock::now()))
            accept("it has stood for store.mass_delete_hold", "redis");
        keep_last_good();
        const bool is_told = watch_.teller() == RedisWatch::Teller::tracking;
        co_await wait_for(is_told ? told_interval : look_interval);
    }
    source_.stop();
}

void RedisStore::stop() {
    stopping_ = true;
    late_.disarm();
    watch_.stop();
    watcher_->stop();
    commands_->stop();
    if (last_good_ && is_connected_ && source_.version() != saved_version_)
        last_good_->save(source_.image());
    wake();
}

discovery::SourceStatus RedisStore::status() const {
    discovery::SourceStatus status;
    status.connected = is_connected_;
    status.detail = last_problem_.empty() ? fmt::format("{}; changes by {}", watcher_->name(),
                                                        to_string(watch_.teller()))
                                          : last_problem_;
    if (!is_connected_) status.as_of = confirmed_;
    if (!is_connected_ && confirmed_ && source_.is_known() && last_read_ == TimePoint{})
        status.detail.append("; serving the last good copy from disk");
    status.held_back = guard_.held_back().size();
    if (guard_.is_holding()) {
        status.detail.append(
            fmt::format("; {} keys that were lost at once are held back: POST "
                        "/store/confirm lets them go",
                        status.held_back));
    }
    if (last_good_ && !last_good_->last_problem().empty())
        status.detail.append("; " + last_good_->last_problem());
    status.last_published = source_.last_published();
    return status;
}

}  // namespace fairlead::control
