// A Redis client on an io_context of the test's own.
//
// Threads: the test's.
#pragma once

#include "control/redis/redis_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/control/run_task.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

namespace fairlead::test {

inline control::RedisUrl url_of(const std::string& text) {
    const auto url = control::parse_redis_url(text);
    REQUIRE(url.has_value());
    return *url;
}

inline control::RedisUrl tcp_url(const RedisServer& server) {
    return url_of("redis://127.0.0.1:" + std::to_string(server.port()));
}

inline control::RedisCommands one(control::RedisCommand command) {
    return {std::move(command)};
}

struct Connected {
    explicit Connected(control::RedisNode node, Duration timeout = 5s)
        : client(io, std::move(node), timeout) {}
    explicit Connected(control::RedisUrl url, Duration timeout = 5s)
        : Connected(control::RedisNode{std::move(url)}, timeout) {}

    /// The text of its reply, or the problem.
    std::string ask(control::RedisCommand command) {
        const auto replies = run_task(io, client.run(one(std::move(command))));
        return replies ? replies->at(0).text : replies.error().text();
    }

    aio::IoContext io{1};
    control::RedisClient client;
};

}  // namespace fairlead::test
