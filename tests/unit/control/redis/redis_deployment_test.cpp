// Deployments whose nodes are not there, and deployments that go.
#include "control/redis/redis_subscription.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/control/redis/connected.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace fairlead;
using control::RedisTarget;
using test::one;
using test::RedisServer;
using test::run_task;

namespace {

RedisTarget target_of(const model::RedisSettings& settings) {
    const auto target = control::redis_target(settings);
    REQUIRE(target.has_value());
    return *target;
}

RedisTarget absent_sentinels() {
    model::RedisSettings settings;
    settings.url = "redis://:secret@main";
    settings.sentinel.emplace().password = "secret";
    for (int i = 0; i < 2; ++i)
        settings.sentinel->addresses.push_back(model::Address::tcp("127.0.0.1", test::free_port()));
    return target_of(settings);
}

RedisTarget absent_cluster() {
    model::RedisSettings settings;
    settings.url = "redis://:secret@127.0.0.1:" + std::to_string(test::free_port());
    settings.cluster.emplace();
    return target_of(settings);
}

}  // namespace

TEST_CASE("a deployment of which nobody is there says so, and goes at any time", "[redis]") {
    for (const auto& target : {absent_sentinels(), absent_cluster()}) {
        aio::IoContext io{1};
        auto redis = control::open_redis(io, target);
        const auto refused = run_task(io, redis->run(one({"GET", "k"})));
        REQUIRE(!refused);
        CHECK(refused.error().text() == "Error connecting to redis: connection refused");
        CHECK(!run_task(io, redis->run_atomically(one({"SET", "k", "v"}))));
        CHECK(!run_task(io, redis->masters()));
        CHECK(!redis->node_of("127.0.0.1:1"));
        CHECK(redis->name().find("secret") == std::string::npos);
        CHECK(redis->generation() == 0);
        // Its watch waits on, and nobody runs the io_context any more.
        redis.reset();
    }
}

TEST_CASE("after a stop every call ends with a problem", "[redis]") {
    for (const auto& target : {absent_sentinels(), absent_cluster()}) {
        aio::IoContext io{1};
        const auto redis = control::open_redis(io, target);
        redis->stop();
        const auto refused = run_task(io, redis->run(one({"GET", "k"})));
        REQUIRE(!refused);
        CHECK(refused.error().text() == "Error connecting to redis: shutting down");
        CHECK(!run_task(io, redis->masters()));
        test::eventually(io, 50ms, [] { return false; });
    }
}

TEST_CASE("a subscription that goes takes nothing with it", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    aio::IoContext io{1};
    const RedisTarget target{control::RedisNode{test::tcp_url(server)}};
    const auto redis = control::open_redis(io, target);
    auto subscription = std::make_unique<control::RedisSubscription>(
        io, *redis, std::vector<std::string>{"news"}, 100ms);
    REQUIRE(run_task(io, subscription->next()).has_value());
    subscription.reset();
    server.command("PUBLISH news late");
    test::eventually(io, 300ms, [] { return false; });
    CHECK(run_task(io, redis->run(one({"PING"})))->at(0).text == "PONG");
}
