#include "discovery/docker_source.hpp"

#include "proxy/aio/spawn.hpp"
#include "proxy/base/log.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::discovery {
namespace {

constexpr Duration shortest_delay = 100ms;
constexpr Duration longest_delay = 5s;
// Events come in bursts (a start brings three); their containers are asked about once.
constexpr Duration debounce = 10ms;
// How far back the first subscription reaches: a container that was told to stop just before we
// started is still leaving, and only its kill event says so.
constexpr auto memory = 60s;
// Containers asked about at the same time.
constexpr std::size_t at_a_time = 8;

}  // namespace

DockerSource::DockerSource(aio::executor executor, model::DockerSettings settings,
                           LabelRules::CheckPolicy check_policy)
    : executor_(executor),
      settings_(std::move(settings)),
      client_(executor, settings_.socket),
      book_(LabelRules{settings_.address, check_policy}),
      reconnect_(executor),
      alarm_(executor),
      asked_(executor, TimePoint::max()),
      done_(executor, TimePoint::max()),
      reconnect_delay_(shortest_delay),
      retry_delay_(shortest_delay),
      last_event_(std::chrono::system_clock::now() - memory) {}

aio::task<> DockerSource::run(Publish publish) {
    publish_ = std::move(publish);
    is_refreshing_ = true;
    aio::spawn(executor_, "docker.refresh", refresh());
    co_await watch();
    wake();
    while (is_refreshing_) co_await done_.async_wait();
    publish_ = nullptr;
}

void DockerSource::stop() {
    is_stopping_ = true;
    client_.close();
    reconnect_.cancel();
    wake();
}

// The watching coroutine.

aio::task<> DockerSource::watch() {
    while (!is_stopping_) {
        const auto subscribed = co_await client_.subscribe(last_event_);
        if (subscribed) {
            log::info("docker.connected", log::kv("socket", settings_.socket));
            status_.connected = true;
            status_.detail = settings_.socket;
            look_at_all_ = true;
            wake();
            co_await read_events();
            status_.connected = false;
        } else {
            report(subscribed.error());
        }
        if (is_stopping_) break;
        reconnect_.expires_after(reconnect_delay_);
        reconnect_delay_ = std::min(reconnect_delay_ * 2, longest_delay);
        co_await reconnect_.async_wait();
    }
    client_.close_events();
}

aio::task<> DockerSource::read_events() {
    while (!is_stopping_) {
        const auto event = co_await client_.next_event();
        if (!event) {
            if (!is_stopping_) report(event.error());
            co_return;
        }
        take(*event);
    }
}

void DockerSource::take(const DockerEvent& event) {
    if (event.name.empty()) {  // unreadable: anything may have happened
        look_at_all_ = true;
        wake();
        return;
    }
    last_event_ = std::max(last_event_, event.at);
    const auto effect = book_.apply(event);
    if (effect.publish || effect.look) {
        log::debug("docker.event", log::kv("action", event.name),
                   log::kv("container", event.container.substr(0, 12)));
    }
    if (effect.publish) publish_now(event.at);
    if (effect.look) look_at(event);
}

void DockerSource::look_at(const DockerEvent& event) {
    if (pending_.empty()) pending_since_ = Clock::now() + debounce;
    pending_.insert(event.container);
    pending_cause_ = pending_cause_ ? std::min(*pending_cause_, event.at) : event.at;
    wake();
}

// The asking coroutine.

aio::task<> DockerSource::refresh() {
    while (!is_stopping_) {
        const auto now = Clock::now();
        if (!status_.connected) {
            co_await sleep_until(TimePoint::max());
        } else if (look_at_all_ || now >= next_resync_) {
            const auto looked = co_await look_at_all();
            if (looked || is_stopping_) continue;
            // An engine that streams events but does not answer is no use: begin again.
            report(looked.error());
            status_.connected = false;
            client_.close_events();
        } else if (!failed_.empty() && now >= retry_at_) {
            pending_.merge(std::exchange(failed_, {}));
            co_await look_at_pending();
        } else if (!pending_.empty() && now >= pending_since_) {
            co_await look_at_pending();
        } else {
            co_await sleep_until(next_alarm());
        }
    }
    is_refreshing_ = false;
    done_.cancel();
}

aio::task<Checked<>> DockerSource::look_at_all() {
    look_at_all_ = false;
    pending_.clear();
    failed_.clear();
    const auto cause = std::exchange(pending_cause_, std::nullopt);
    const auto asked = book_.mark();
    const auto list = co_await client_.list();
    if (!list) co_return list.error();
    std::set<std::string> ids;
    for (const auto& container : *list) {
        if (takes_part(container.labels)) ids.insert(container.id);
    }
    book_.forget_others(ids, asked);
    Batch batch;
    co_await inspect_all(std::move(ids), std::move(batch));
    next_resync_ = Clock::now() + settings_.resync;
    reconnect_delay_ = shortest_delay;
    is_complete_ = true;
    publish_now(cause);
    co_return Checked<>();
}

aio::task<> DockerSource::look_at_pending() {
    auto ids = std::exchange(pending_, std::set<std::string>());
    Batch batch;
    batch.publish = Batch::Publish::one_by_one;
    batch.cause = std::exchange(pending_cause_, std::nullopt);
    co_await inspect_all(std::move(ids), std::move(batch));
}

aio::task<> DockerSource::inspect_all(std::set<std::string> ids, Batch batch) {
    const auto failed_before = failed_.size();
    batch_ = std::move(batch);
    batch_.waiting.assign(ids.rbegin(), ids.rend());
    batch_.under_way = std::min(ids.size(), at_a_time);
    for (std::size_t i = batch_.under_way; i > 0; --i) {
        aio::spawn(executor_, "docker.inspect", inspect_next());
    }
    while (batch_.under_way > 0) co_await asked_.async_wait();
    if (failed_.size() > failed_before) {
        retry_at_ = Clock::now() + retry_delay_;
        retry_delay_ = std::min(retry_delay_ * 2, longest_delay);
    } else if (failed_.empty()) {
        retry_delay_ = shortest_delay;
    }
}

aio::task<> DockerSource::inspect_next() {
    while (!batch_.waiting.empty() && !is_stopping_) {
        auto id = std::move(batch_.waiting.back());
        batch_.waiting.pop_back();
        co_await inspect(std::move(id));
        if (batch_.publish == Batch::Publish::one_by_one) publish_now(batch_.cause);
    }
    if (--batch_.under_way == 0) asked_.cancel();
}

aio::task<> DockerSource::inspect(std::string id) {
    const auto asked = book_.mark();
    auto facts = co_await client_.inspect(id);
    if (is_stopping_) co_return;
    if (!facts) {
        if (book_.learn_trouble(id, facts.error(), asked)) {
            log::warn("docker.inspect_failed", log::kv("container", id.substr(0, 12)),
                      log::kv("why", facts.error().text()));
        }
        failed_.insert(id);
        co_return;
    }
    if (*facts) {
        book_.learn(std::move(**facts), asked);
    } else {
        book_.forget(id, asked);
    }
}

void DockerSource::publish_now(std::optional<WallTime> caused_at) {
    if (!is_complete_ || is_stopping_) return;
    auto state = book_.state();
    status_.last_published = std::chrono::system_clock::now();
    if (published_ && published_->says_the_same_as(state)) return;
    published_ = state;
    state.caused_at = caused_at;
    log::debug("docker.published", log::kv("services", state.services.size()),
               log::kv("routes", state.routes.size()), log::kv("rejected", state.rejected.size()));
    publish_(model::whole_change(std::move(state), "docker"));
}

void DockerSource::report(const Problem& why) {
    // Once for each new trouble: a socket that is not there yet is asked for every few seconds.
    if (status_.detail != why.text()) log::warn("docker.unreachable", log::kv("why", why.text()));
    status_.detail = why.text();
}

TimePoint DockerSource::next_alarm() const {
    auto at = next_resync_;
    if (!pending_.empty()) at = std::min(at, pending_since_);
    if (!failed_.empty()) at = std::min(at, retry_at_);
    return at;
}

aio::task<> DockerSource::sleep_until(TimePoint at) {
    alarm_.expires_at(at);
    co_await alarm_.async_wait();
}

void DockerSource::wake() {
    alarm_.cancel();
}

}  // namespace fairlead::discovery
