// A real redis-server with a replica, and real sentinels.
#include "control/redis/redis_subscription.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/control/redis/deployed.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace fairlead;
using control::RedisMessage;
using test::Deployed;
using test::RedisServer;
using test::run_task;

namespace {

/// Sentinels are redis-servers with another manner of speaking.
class SentinelGroup {
public:
    explicit SentinelGroup(std::size_t count) {
        for (std::size_t i = 0; i < 2; ++i) {
            folders_.push_back(std::make_unique<test::TempFolder>());
            nodes.push_back(std::make_unique<RedisServer>(
                folders_.back()->path(),
                std::vector<std::string>{"--requirepass", "pw", "--masterauth", "pw",
                                         "--repl-diskless-sync-delay", "0"}));
            REQUIRE(nodes.back()->start());
        }
        follow(1, 0);
        for (std::size_t i = 0; i < count; ++i) add_sentinel(count / 2 + 1);
        REQUIRE(test::eventually(std::chrono::seconds(10), [&] { return is_complete(count); }));
    }

    /// What the node answers to one who has logged in.
    std::string ask(std::size_t node, const std::string& words) {
        const auto replies = nodes[node]->command("AUTH pw\r\n" + words);
        const auto at = replies.find("\r\n");
        return at == std::string::npos ? "" : replies.substr(at + 2);
    }

    control::RedisTarget target(Duration timeout = 5s) const {
        model::RedisSettings settings;
        settings.url = "redis://:pw@main/3";
        settings.timeout = std::chrono::duration_cast<model::Milliseconds>(timeout);
        auto& asked = settings.sentinel.emplace();
        asked.password = "sentinel-pw";
        for (const auto& sentinel : sentinels)
            asked.addresses.push_back(model::Address::tcp("127.0.0.1", sentinel->port()));
        const auto target = control::redis_target(settings);
        REQUIRE(target.has_value());
        return *target;
    }

    /// Until the sentinels name that node; they decide by themselves when the other one is dead.
    bool is_master(std::size_t node) {
        const auto port = std::to_string(nodes[node]->port());
        return test::eventually(std::chrono::seconds(15), [&] {
            const auto named = sentinels.back()->command(
                "AUTH sentinel-pw\r\nSENTINEL get-master-addr-by-name main");
            return named.find("\r\n" + port + "\r\n") != std::string::npos;
        });
    }

    std::vector<std::unique_ptr<RedisServer>> nodes;
    std::vector<std::unique_ptr<RedisServer>> sentinels;

private:
    void follow(std::size_t node, std::size_t master) {
        ask(node, "REPLICAOF 127.0.0.1 " + std::to_string(nodes[master]->port()));
        REQUIRE(test::eventually(std::chrono::seconds(10), [&] {
            return ask(node, "INFO replication").find("master_link_status:up") != std::string::npos;
        }));
    }

    void add_sentinel(std::size_t quorum) {
        folders_.push_back(std::make_unique<test::TempFolder>());
        const auto file = *folders_.back() / "sentinel.conf";
        std::ofstream(file) << "requirepass sentinel-pw\n"
                            << "sentinel sentinel-pass sentinel-pw\n"
                            << "sentinel monitor main 127.0.0.1 " << nodes[0]->port() << " "
                            << quorum << "\n"
                            << "sentinel auth-pass main pw\n"
                            << "sentinel down-after-milliseconds main 300\n"
                            << "sentinel failover-timeout main 3000\n";
        sentinels.push_back(std::make_unique<RedisServer>(
            folders_.back()->path(), std::vector<std::string>{"--sentinel"}, file));
        REQUIRE(sentinels.back()->start());
    }

    /// All know of the replica and of each other.
    bool is_complete(std::size_t count) {
        for (const auto& sentinel : sentinels) {
            const auto known = sentinel->command("AUTH sentinel-pw\r\nSENTINEL MASTER main");
            const auto has = [&](const std::string& name, std::size_t value) {
                const auto text = std::to_string(value);
                return known.find(name + "\r\n$" + std::to_string(text.size()) + "\r\n" + text +
                                  "\r\n") != std::string::npos;
            };
            if (!has("num-slaves", 1) || !has("num-other-sentinels", count - 1)) return false;
        }
        return true;
    }

    std::vector<std::unique_ptr<test::TempFolder>> folders_;
};

}  // namespace

TEST_CASE("sentinels are asked for the master, in turn", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    SentinelGroup group(1);
    auto target = group.target();
    // One that is not there, and one that is no sentinel, are passed over.
    auto& sentinels = target.sentinels->nodes;
    sentinels.insert(sentinels.begin(), 2, sentinels.back());
    sentinels[0].url.address.port = test::free_port();
    sentinels[1].url.address.port = group.nodes[1]->port();
    sentinels[1].url.password = "pw";
    Deployed redis(target);
    CHECK(redis.ask({"SET", "k", "v"}) == "OK");
    CHECK(redis.redis->name() == "main at 127.0.0.1:" + std::to_string(group.nodes[0]->port()));
    CHECK(group.ask(0, "SELECT 3\r\nGET k").find("$1\r\nv\r\n") != std::string::npos);

    auto unknown = group.target();
    unknown.sentinels->master = "other";
    CHECK(Deployed(unknown).ask({"GET", "k"}) ==
          "Error connecting to redis: the sentinels know no master of that name");
    auto stranger = group.target();
    stranger.sentinels->nodes[0].url.password = "wrong";
    CHECK(Deployed(stranger).ask({"GET", "k"}).find("WRONGPASS") != std::string::npos);
}

TEST_CASE("a failover is followed, under writes", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    SentinelGroup group(3);
    Deployed redis(group.target());
    control::RedisSubscription subscription(redis.io, *redis.redis, {"news"}, 5s);
    const auto next = [&] {
        const auto heard = run_task(redis.io, subscription.next());
        if (!heard) return heard.error().text();
        return heard->kind == RedisMessage::Kind::subscribed ? std::string("subscribed")
                                                             : heard->payload;
    };
    CHECK(next() == "subscribed");
    const auto generation = redis.redis->generation();
    REQUIRE(redis.ask({"SET", "before", "1"}) == "OK");
    REQUIRE(test::eventually(std::chrono::seconds(5), [&] {
        return group.ask(1, "SELECT 3\r\nGET before").find("$1\r\n1\r\n") != std::string::npos;
    }));

    group.nodes[0]->kill();
    CHECK(redis.ask({"SET", "during", "1"}) != "OK");
    CHECK(next().starts_with("Lost the connection to redis: "));
    REQUIRE(group.is_master(1));
    const auto decided = Clock::now();
    REQUIRE(test::eventually(redis.io, 2s, [&] {
        return redis.ask({"SET", "after", "1"}) == "OK";
    }));
    CHECK(Clock::now() - decided < 2s);
    CHECK(redis.ask({"GET", "before"}) == "1");
    CHECK(redis.redis->generation() != generation);
    CHECK(next() == "subscribed");
    group.ask(1, "PUBLISH news hello");
    CHECK(next() == "hello");
    subscription.stop();
}

TEST_CASE("a master that only hangs is left for its successor as soon as there is one",
          "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    SentinelGroup group(1);
    Deployed redis(group.target(15s));
    REQUIRE(redis.ask({"SET", "k", "v"}) == "OK");
    group.nodes[0]->freeze();
    std::optional<Checked<control::RedisReplies>> hanging;
    auto asked = redis.redis->run(test::one({"GET", "k"}));
    aio::spawn(redis.io.get_executor(), "ask", test::keep_result(std::move(asked), hanging));
    CHECK(!test::eventually(redis.io, 100ms, [&] { return hanging.has_value(); }));
    REQUIRE(group.is_master(1));
    // Long before its timeout.
    REQUIRE(test::eventually(redis.io, 2s, [&] { return hanging.has_value(); }));
    CHECK(!*hanging);
    CHECK(redis.ask({"SET", "k", "w"}) == "OK");
    group.nodes[0]->thaw();
}

TEST_CASE("a master that hangs while we connect to it is left, too", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    SentinelGroup group(1);
    Deployed redis(group.target(15s));
    group.nodes[0]->freeze();
    // The kernel takes the connection; nobody answers on it.
    std::optional<Checked<control::RedisReplies>> hanging;
    auto asked = redis.redis->run(test::one({"SET", "k", "v"}));
    aio::spawn(redis.io.get_executor(), "ask", test::keep_result(std::move(asked), hanging));
    CHECK(!test::eventually(redis.io, 100ms, [&] { return hanging.has_value(); }));
    REQUIRE(group.is_master(1));
    REQUIRE(test::eventually(redis.io, 2s, [&] { return hanging.has_value(); }));
    REQUIRE(hanging->has_value());  // nothing was said to the old one
    CHECK(hanging->value().at(0).text == "OK");
    CHECK(group.ask(1, "SELECT 3\r\nGET k").find("$1\r\nv\r\n") != std::string::npos);
    group.nodes[0]->thaw();
}

TEST_CASE("a failover without a failure moves the writes, too", "[redis][slow]") {
    FAIRLEAD_NEEDS_REDIS();
    SentinelGroup group(1);
    Deployed redis(group.target());
    REQUIRE(redis.ask({"SET", "k", "v"}) == "OK");
    // A failover without a failure: connections to the old master may stay as they are.
    // It takes the sentinel some seconds to find the replica good enough.
    std::string told;
    const bool has_begun = test::eventually(std::chrono::seconds(15), [&] {
        told = group.sentinels[0]->command("AUTH sentinel-pw\r\nSENTINEL FAILOVER main");
        return told.starts_with("+OK\r\n+OK");
    });
    INFO(told);
    REQUIRE(has_begun);
    REQUIRE(group.is_master(1));
    // The old master takes writes until the sentinels have reconfigured it; they are lost then.
    CHECK(test::eventually(redis.io, 2s, [&] {
        auto changes = test::one({"SET", "k", "w"});
        const auto done = run_task(redis.io, redis.redis->run_atomically(std::move(changes)));
        return done && group.ask(1, "SELECT 3\r\nGET k").find("$1\r\nw\r\n") != std::string::npos;
    }));
}
