// Containers of a Docker engine as a source of services and routes.
//
// Two coroutines. One reads the event stream: it acts at once on what an event alone tells (a
// container was sent its stop signal, ended, was paused, is healthy) and publishes without asking
// anything. The other asks: everything after each (re)connection and once in `resync`, single
// containers after the events that call for it, a moment later so that a burst asks once.
//
// The event stream is opened before the list is asked for, and reaches back in time: what happens
// in between, or while the stream was cut, is not lost.
//
// Threads: control.
#pragma once

#include "discovery/container_book.hpp"
#include "discovery/docker_client.hpp"
#include "discovery/source.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fairlead::discovery {

class DockerSource : public Source {
public:
    /// `check_policy`: see LabelRules.
    DockerSource(aio::executor executor, model::DockerSettings settings,
                 LabelRules::CheckPolicy check_policy = nullptr);

    /// The caller keeps this alive until run() has returned.
    aio::task<> run(Publish publish) override;
    void stop() override;

    model::SourceKind kind() const noexcept override { return model::SourceKind::docker; }
    SourceStatus status() const override { return status_; }

private:
    /// Containers being asked about: several at a time, because an engine does not describe a
    /// container that it is just starting until it has.
    struct Batch {
        enum class Publish : std::uint8_t { at_the_end, one_by_one };

        Publish publish = Publish::at_the_end;
        std::optional<WallTime> cause = {};
        std::vector<std::string> waiting = {};
        std::size_t under_way = 0;
    };

    aio::task<> watch();
    aio::task<> read_events();
    void take(const DockerEvent& event);
    void look_at(const DockerEvent& event);

    aio::task<> refresh();
    aio::task<Checked<>> look_at_all();
    aio::task<> look_at_pending();
    aio::task<> inspect_all(std::set<std::string> ids, Batch batch);
    aio::task<> inspect_next();
    aio::task<> inspect(std::string id);

    void publish_now(std::optional<WallTime> caused_at);
    void report(const Problem& why);
    TimePoint next_alarm() const;
    aio::task<> sleep_until(TimePoint at);
    void wake();

    aio::executor executor_;
    model::DockerSettings settings_;
    DockerClient client_;
    ContainerBook book_;
    Publish publish_;
    SourceStatus status_;
    aio::timer reconnect_;  // the watching coroutine's back-off
    aio::timer alarm_;      // the asking coroutine's next reason to do something
    aio::timer asked_;      // the asking coroutine waits for its batch
    aio::timer done_;       // run() waits for the asking coroutine
    bool is_stopping_ = false;
    bool is_refreshing_ = false;

    Batch batch_;
    bool is_complete_ = false;       // everything was listed once: there is something to publish
    bool look_at_all_ = false;       // ask for the list again, now
    std::set<std::string> pending_;  // containers to ask about
    std::optional<WallTime> pending_cause_;  // the oldest event among the reasons
    TimePoint pending_since_;                // ask no earlier than this
    TimePoint next_resync_ = TimePoint::max();
    Duration reconnect_delay_;
    std::set<std::string> failed_;  // containers to ask about once more at retry_at_
    TimePoint retry_at_;
    Duration retry_delay_;
    WallTime last_event_;  // by the engine's clock
    std::optional<model::SourceState> published_;
};

}  // namespace fairlead::discovery
