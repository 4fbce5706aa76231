#include "control/redis_store.hpp"

#include "control/store_changes.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration look_interval = 500ms;
constexpr Duration reread_interval = 30s;  // whatever the counters say
constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 1s;
constexpr std::size_t keys_a_pipeline = 1000;

RedisCommand command_for(const StoreChange& change) {
    using Kind = StoreChange::Kind;
    const auto frontend = std::string(frontend_prefix) + change.name;
    const auto backend = std::string(backend_prefix) + change.name;
    switch (change.kind) {
        case Kind::set_frontend:
            return {"SET", frontend, change.value};
        case Kind::delete_frontend:
            return {"DEL", frontend};
        case Kind::set_server:
            return {"HSET", backend, change.key, change.value};
        case Kind::delete_server:
            return {"HDEL", backend, change.key};
        case Kind::set_config:
            return {"HSET", backend, "_" + change.key, change.value};
        case Kind::delete_config:
            return {"HDEL", backend, "_" + change.key};
        case Kind::delete_backend:
            return {"DEL", backend};
        case Kind::flush:
            break;
    }
    return {"FLUSHDB"};
}

bool is_wrong_type(const RedisReply& reply) {
    return reply.is_error() && reply.text.starts_with("WRONGTYPE");
}

std::string wrong_type(std::string_view allowed) {
    return fmt::format("the key holds another type; allowed: {}", allowed);
}

Backend backend_of(const RedisReply& hash) {
    Backend backend;
    for (std::size_t i = 0; i + 1 < hash.items.size(); i += 2) {
        const auto& field = hash.items[i].text;
        const auto& value = hash.items[i + 1].text;
        if (field.starts_with('_')) {
            backend.config[field.substr(1)] = value;
        } else {
            backend.servers.emplace_back(field, value);
        }
    }
    return backend;
}

/// The lines of INFO that change whenever any data does.
std::string counters_in(const std::string& info) {
    std::string out;
    for (const std::string_view name : {"run_id:", "rdb_changes_since_last_save:",
                                        "rdb_last_save_time:", "expired_keys:", "evicted_keys:"}) {
        const auto at = info.find(name);
        if (at == std::string::npos) continue;
        out.append(info, at, info.find('\r', at) - at).append(" ");
    }
    return out;
}

std::string probe_value() {
    // Not a secret; only not the same for two processes.
    static std::mt19937_64 random{std::random_device{}()};
    return fmt::format("{}", random());
}

}  // namespace

RedisStore::RedisStore(aio::IoContext& io, const RedisTarget& target, KeyRules rules)
    : source_(std::move(rules)),
      commands_(open_redis(io, target)),
      watcher_(open_redis(io, target)),
      timer_(io.get_executor()) {}

aio::task<Checked<>> RedisStore::apply(std::vector<StoreChange> changes, std::string who) {
    std::vector<RedisCommand> commands;
    for (const auto& change : changes) commands.push_back(command_for(change));
    const auto done = co_await commands_->run_atomically(std::move(commands));
    // Also where it failed: what a lost connection carried out is not known.
    wake();
    if (!done) co_return done.error();
    if (is_reading_) {
        confirmed_meanwhile_.insert(confirmed_meanwhile_.end(), changes.begin(), changes.end());
    }
    if (source_.is_known()) source_.apply(changes, who);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read(Look look) {
    const auto reading = co_await read_from(*commands_);
    if (!reading) co_return reading.error();
    look(*reading);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisStore::read_one(StoreEntry entry, Look look) {
    const bool is_frontend = entry.kind == StoreEntry::Kind::frontend;
    const auto key = std::string(is_frontend ? frontend_prefix : backend_prefix) + entry.name;
    std::vector<RedisCommand> commands;
    commands.push_back({is_frontend ? "GET" : "HGETALL", key});
    const auto replies = co_await commands_->run(std::move(commands));
    if (!replies) co_return replies.error();
    const auto& reply = replies->front();
    if (reply.is_error()) co_return problem("{}", reply.text);
    StoreImage found;
    if (is_frontend && !reply.is_nil()) found.contents.frontends[entry.name] = reply.text;
    if (!is_frontend && !reply.items.empty())
        found.contents.backends[entry.name] = backend_of(reply);
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

aio::task<Checked<std::vector<std::string>>> RedisStore::list_keys(RedisDeployment& redis) {
    const auto masters = co_await redis.masters();
    if (!masters) co_return masters.error();
    std::vector<std::string> keys;
    for (const auto& master : *masters) {
        std::string cursor = "0";
        do {
            // One pass for both prefixes; what else matches is dropped below.
            std::vector<RedisCommand> commands;
            commands.push_back({"SCAN", cursor, "MATCH", "*end:*", "COUNT", "1000"});
            auto replies = co_await redis.run_on(master, std::move(commands));
            if (!replies) co_return replies.error();
            auto& reply = replies->front();
            if (reply.is_error()) co_return problem("{}", reply.text);
            if (reply.items.size() != 2)
                co_return problem("redis answered SCAN with something else");
            cursor = reply.items[0].text;
            for (auto& key : reply.items[1].items) keys.push_back(std::move(key.text));
        } while (cursor != "0");
    }
    // SCAN may tell of a key twice.
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::erase_if(keys, [](const std::string& key) {
        return !key.starts_with(frontend_prefix) && !key.starts_with(backend_prefix);
    });
    co_return keys;
}

aio::task<Checked<StoreImage>> RedisStore::read_from(RedisDeployment& redis) {
    const auto keys = co_await list_keys(redis);
    if (!keys) co_return keys.error();
    StoreImage reading;
    for (std::size_t begin = 0; begin < keys->size(); begin += keys_a_pipeline) {
        const auto end = std::min(keys->size(), begin + keys_a_pipeline);
        std::vector<RedisCommand> commands;
        for (std::size_t i = begin; i < end; ++i) {
            const auto& key = (*keys)[i];
            commands.push_back({key.starts_with(frontend_prefix) ? "GET" : "HGETALL", key});
        }
        const auto replies = co_await redis.run(std::move(commands));
        if (!replies) co_return replies.error();
        for (std::size_t i = begin; i < end; ++i) {
            const auto& key = (*keys)[i];
            const auto& reply = (*replies)[i - begin];
            const bool is_frontend = key.starts_with(frontend_prefix);
            if (is_wrong_type(reply)) {
                reading.refused[key] = wrong_type(is_frontend ? "a string" : "a hash");
            } else if (reply.is_error()) {
                co_return problem("{}", reply.text);
            } else if (is_frontend && !reply.is_nil()) {
                reading.contents.frontends[key.substr(frontend_prefix.size())] = reply.text;
            } else if (!is_frontend && !reply.items.empty()) {
                reading.contents.backends[key.substr(backend_prefix.size())] = backend_of(reply);
            }
        }
    }
    co_return reading;
}

/// Empty: this Redis does not tell (INFO may be forbidden), so everything is read each time.
aio::task<Checked<std::string>> RedisStore::change_counters() {
    const auto masters = co_await watcher_->masters();
    if (!masters) co_return masters.error();
    std::string counters;
    for (const auto& master : *masters) {
        std::vector<RedisCommand> commands;
        for (const char* section : {"server", "persistence", "stats"}) {
            commands.push_back({"INFO", section});
        }
        commands.push_back({"DBSIZE"});
        const auto replies = co_await watcher_->run_on(master, std::move(commands));
        if (!replies) co_return replies.error();
        for (const auto& reply : *replies) {
            if (reply.is_error()) co_return std::string();
            counters.append(counters_in(reply.text));
        }
        counters.append(fmt::format("keys:{} ", replies->back().integer));
    }
    co_return counters;
}

aio::task<Checked<>> RedisStore::look() {
    auto counters = co_await change_counters();
    if (!counters) co_return counters.error();
    const bool is_stale = Clock::now() - last_read_ >= reread_interval;
    if (source_.is_known() && !counters->empty() && *counters == last_counters_ && !is_stale) {
        co_return Checked<>{};
    }
    is_reading_ = true;
    confirmed_meanwhile_.clear();
    auto reading = co_await read_from(*watcher_);
    is_reading_ = false;
    if (!reading) co_return reading.error();
    apply_changes(reading->contents, confirmed_meanwhile_);
    last_counters_ = std::move(*counters);
    last_read_ = Clock::now();
    source_.replace(std::move(*reading), "redis");
    co_return Checked<>{};
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
    auto backoff = first_backoff;
    while (!stopping_) {
        const auto looked = co_await look();
        if (stopping_) break;
        if (looked) {
            note_connected();
            backoff = first_backoff;
            co_await wait_for(look_interval);
        } else {
            note_failure(looked.error());
            co_await wait_for(backoff);
            backoff = std::min(backoff * 2, longest_backoff);
        }
    }
    source_.stop();
}

void RedisStore::stop() {
    stopping_ = true;
    watcher_->stop();
    commands_->stop();
    wake();
}

discovery::SourceStatus RedisStore::status() const {
    discovery::SourceStatus status;
    status.connected = is_connected_;
    status.detail = last_problem_.empty() ? watcher_->name() : last_problem_;
    status.last_published = source_.last_published();
    return status;
}

}  // namespace fairlead::control
