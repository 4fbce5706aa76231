// Messages that a real redis-server pushes.
#include "control/redis/redis_subscription.hpp"

#include "tests/support/redis_server.hpp"
#include "tests/unit/control/redis/connected.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using control::RedisMessage;
using test::RedisServer;
using test::run_task;
using test::tcp_url;

namespace {

/// A subscription to all keys, and the deployment that it needs.
struct Subscribed {
    explicit Subscribed(control::RedisUrl url, Duration timeout = 5s)
        : redis(control::open_redis(io, {{std::move(url)}, timeout})),
          subscription(io, *redis, {"__keyspace@0__:*", "other:*"}, timeout) {}
    ~Subscribed() {
        subscription.stop();
        io.restart();
        io.run_for(5s);
    }

    /// "subscribed", "CHANNEL PAYLOAD", or the problem.
    std::string next() {
        const auto heard = run_task(io, subscription.next());
        if (!heard) return heard.error().text();
        if (heard->kind == RedisMessage::Kind::subscribed) return "subscribed";
        return heard->channel + " " + heard->payload;
    }

    aio::IoContext io{1};
    std::unique_ptr<control::RedisDeployment> redis;
    control::RedisSubscription subscription;
};

}  // namespace

TEST_CASE("a subscription tells what happens to keys, and of every gap in that", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path(), {"--notify-keyspace-events", "KA"});
    REQUIRE(server.start());
    Subscribed heard(tcp_url(server), 500ms);
    REQUIRE(heard.next() == "subscribed");
    server.command("SET frontend:a.com web");
    server.command("HSET backend:web 10.0.0.1:1 0");
    CHECK(heard.next() == "__keyspace@0__:frontend:a.com set");
    CHECK(heard.next() == "__keyspace@0__:backend:web hset");

    server.kill();
    CHECK(heard.next().starts_with("Lost the connection to redis: "));
    // Told once: what comes next is that it is back.
    REQUIRE(server.start());
    CHECK(heard.next() == "subscribed");
    server.command("PUBLISH other:x hello");
    CHECK(heard.next() == "other:x hello");

    // It is there and says nothing: found out by what it does not answer.
    server.freeze();
    CHECK(heard.next() == "Lost the connection to redis: timeout");
    server.thaw();
    CHECK(heard.next() == "subscribed");
}

TEST_CASE("a quiet subscription stays, and ends when it is told to", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Subscribed heard(tcp_url(server), 100ms);
    REQUIRE(heard.next() == "subscribed");
    std::optional<Checked<RedisMessage>> result;
    auto waiting = heard.subscription.next();
    aio::spawn(heard.io.get_executor(), "next", test::keep_result(std::move(waiting), result));
    CHECK(!test::eventually(heard.io, 600ms, [&] { return result.has_value(); }));
    heard.subscription.stop();
    REQUIRE(test::eventually(heard.io, 1s, [&] { return result.has_value(); }));
    CHECK(!*result);
}

TEST_CASE("a Redis that forbids subscriptions says so", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("ACL SETUSER default resetchannels");
    Subscribed heard(tcp_url(server));
    CHECK(heard.next().starts_with("NOPERM"));
    server.command("ACL SETUSER default allchannels");
    CHECK(heard.next() == "subscribed");
}
