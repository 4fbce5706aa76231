// A Redis store whose source runs, for tests with a real redis-server.
//
// Threads: the test's.
#pragma once

#include "control/store/redis_store.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/source_states.hpp"
#include "tests/unit/control/run_task.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::test {

inline control::RedisUrl url_of(const std::string& text) {
    const auto url = control::parse_redis_url(text);
    REQUIRE(url.has_value());
    return *url;
}

inline control::RedisUrl tcp_url(const RedisServer& server) {
    return url_of("redis://127.0.0.1:" + std::to_string(server.port()));
}

/// Nothing is kept on disk.
inline model::StoreSettings without_file() {
    model::StoreSettings settings;
    settings.last_good = "off";
    return settings;
}

/// A store whose source runs, and what it published.
class RunningStore {
public:
    explicit RunningStore(control::RedisUrl url, model::StoreSettings settings = without_file())
        : store(io, {{std::move(url)}}, settings, 1) {
        const discovery::Source::Publish keep = [this](model::SourceChange change) {
            states.push_back(said_.after(std::move(change)));
        };
        aio::spawn(io.get_executor(), "source", store.source().run(keep));
    }
    ~RunningStore() {
        store.source().stop();
        io.restart();
        io.run_for(5s);
    }
    RunningStore(const RunningStore&) = delete;
    RunningStore& operator=(const RunningStore&) = delete;

    /// Within 2 s, as promised, and a little for a busy machine.
    bool has_route(const std::string& host) {
        return eventually(io, 2500ms, [&] {
            if (states.empty()) return false;
            const auto& routes = states.back().routes;
            return std::any_of(routes.begin(), routes.end(),
                               [&](const auto& route) { return route.host == host; });
        });
    }
    bool has_routes(std::size_t count) {
        return eventually(io, 2500ms,
                          [&] { return !states.empty() && states.back().routes.size() == count; });
    }
    /// Those that were lost at once and are still served.
    bool has_held_back(std::size_t count) {
        return eventually(io, 2500ms, [&] { return store.source().status().held_back == count; });
    }
    bool is_connected(bool wanted) {
        return eventually(io, 2500ms, [&] { return store.source().status().connected == wanted; });
    }
    std::vector<std::string> rejected() const {
        std::vector<std::string> lines;
        for (const auto& entry : states.back().rejected)
            lines.push_back(entry.origin.place + ": " + entry.why);
        return lines;
    }
    Checked<> apply(std::vector<control::StoreChange> changes) {
        return run_task(io, store.apply(std::move(changes), "test"));
    }

    aio::IoContext io{1};
    std::vector<model::SourceState> states;
    control::RedisStore store;

private:
    SourceStates said_;
};

}  // namespace fairlead::test
