#include "control/store/redis_watch.hpp"

#include "control/store/redis_keys.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

using Watch = model::StoreSettings::Watch;

constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 1s;
constexpr Duration ask_again_after = 30s;  // whether somebody would tell by now
constexpr Duration after_refusal = 5s;     // of a subscription that should have worked
constexpr Duration silence_limit = 2s;     // half of it, in which a Redis has to give a sign

/// Whether notify-keyspace-events tells of keys (K) and of all that happens to ours: strings,
/// hashes, lists, sets, deletions, expiry and eviction.
bool is_on(const RedisReply& config) {
    if (config.is_error() || config.items.size() != 2) return false;
    const auto& flags = config.items[1].text;
    const auto has = [&](char flag) { return flags.find(flag) != std::string::npos; };
    const std::string_view needed = "g$hlsxe";
    return has('K') && (has('A') || std::all_of(needed.begin(), needed.end(), has));
}

}  // namespace

std::string_view to_string(RedisWatch::Teller teller) noexcept {
    switch (teller) {
        case RedisWatch::Teller::tracking:
            return "client tracking";
        case RedisWatch::Teller::notifications:
            return "keyspace notifications";
        case RedisWatch::Teller::nobody:
            break;
    }
    return "looking twice a second";
}

RedisWatch::RedisWatch(aio::IoContext& io, RedisDeployment& redis, Watch wanted, unsigned database,
                       Listener listener)
    : io_(io),
      redis_(redis),
      wanted_(wanted),
      channel_prefix_(fmt::format("__keyspace@{}__:", database)),
      listener_(std::move(listener)),
      timer_(io.get_executor()) {}

void RedisWatch::stop() {
    is_stopped_ = true;
    if (subscription_ != nullptr) subscription_->stop();
    timer_.cancel();
}

/// What every master can do.
aio::task<Checked<RedisWatch::Teller>> RedisWatch::choose() const {
    if (wanted_ == Watch::digest) co_return Teller::nobody;
    const auto masters = co_await redis_.masters();
    if (!masters) co_return masters.error();
    bool has_tracking = true;
    bool has_notifications = true;
    for (const auto& master : *masters) {
        RedisCommands commands;
        commands.push_back({"CLIENT", "TRACKING", "OFF"});  // an error where it is unknown
        commands.push_back({"CONFIG", "GET", "notify-keyspace-events"});
        const auto replies = co_await redis_.run_on(master, std::move(commands));
        if (!replies) co_return replies.error();
        has_tracking = has_tracking && !(*replies)[0].is_error();
        has_notifications = has_notifications && is_on((*replies)[1]);
    }
    if (has_tracking && wanted_ != Watch::notifications) co_return Teller::tracking;
    if (has_notifications && wanted_ != Watch::tracking) co_return Teller::notifications;
    co_return Teller::nobody;
}

void RedisWatch::take(const RedisMessage& message) {
    switch (message.kind) {
        case RedisMessage::Kind::subscribed:
            listener_.begun();
            return;
        case RedisMessage::Kind::invalidated:
            listener_.changed(message.payload);
            return;
        case RedisMessage::Kind::flushed:
            listener_.flushed();
            return;
        case RedisMessage::Kind::message:
            if (message.channel.starts_with(channel_prefix_))
                listener_.changed(message.channel.substr(channel_prefix_.size()));
            return;
    }
}

/// Returns when the subscription is lost. A problem: it never began.
aio::task<Checked<>> RedisWatch::listen(Teller teller) {
    std::vector<std::string> patterns;
    std::vector<std::string> prefixes;
    for (const auto prefix : {frontend_prefix, backend_prefix, dead_prefix}) {
        if (teller == Teller::tracking) {
            prefixes.emplace_back(prefix);
        } else {
            patterns.push_back(channel_prefix_ + std::string(prefix) + "*");
        }
    }
    RedisSubscription subscription(io_, redis_, std::move(patterns), silence_limit,
                                   std::move(prefixes));
    subscription_ = &subscription;
    Checked<> outcome;
    for (;;) {
        const auto message = co_await subscription.next();
        if (!message) {
            if (teller_ == Teller::nobody) outcome = message.error();
            break;
        }
        teller_ = teller;
        take(*message);
    }
    subscription_ = nullptr;
    teller_ = Teller::nobody;
    co_return outcome;
}

aio::task<> RedisWatch::pause(Duration time) {
    timer_.expires_after(time);
    co_await timer_.async_wait();
}

aio::task<> RedisWatch::run() {
    auto backoff = first_backoff;
    while (!is_stopped_) {
        const auto teller = co_await choose();
        if (is_stopped_) break;
        auto patience = backoff;
        if (!teller) {
            backoff = std::min(backoff * 2, longest_backoff);
        } else if (*teller == Teller::nobody) {
            patience = ask_again_after;
        } else {
            const auto listened = co_await listen(*teller);
            backoff = first_backoff;
            patience = listened ? first_backoff : after_refusal;
            if (!listened && !is_stopped_)
                log::warn("redis.not_told", log::kv("by", to_string(*teller)),
                          log::kv("why", listened.error().text()));
        }
        if (is_stopped_) break;
        listener_.ended();
        co_await pause(patience);
    }
}

}  // namespace fairlead::control
