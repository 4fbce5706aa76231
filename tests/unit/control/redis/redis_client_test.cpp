// The client of one Redis, against a real redis-server.
#include "control/redis/redis_client.hpp"

#include "tests/support/redis_server.hpp"
#include "tests/unit/control/redis/connected.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace fairlead;
using control::RedisReply;
using test::Connected;
using test::eventually;
using test::one;
using test::RedisServer;
using test::run_task;
using test::tcp_url;
using test::url_of;

TEST_CASE("the client speaks all reply types over TCP and Unix sockets", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    for (const auto& url : {tcp_url(server), url_of("unix:" + server.socket_path())}) {
        Connected redis(url);
        const std::string binary("a\0b\r\n", 5);
        std::vector<control::RedisCommand> commands;
        commands.push_back({"SET", "k", binary});
        commands.push_back({"GET", "k"});
        commands.push_back({"GET", "none"});
        commands.push_back({"INCR", "k"});
        commands.push_back({"DBSIZE"});
        commands.push_back({"KEYS", "*"});
        const auto replies = run_task(redis.io, redis.client.run(commands));
        REQUIRE(replies.has_value());
        REQUIRE(replies->size() == 6);
        CHECK((*replies)[0].text == "OK");
        CHECK((*replies)[1].text == binary);
        CHECK((*replies)[2].is_nil());
        CHECK((*replies)[3].is_error());
        CHECK((*replies)[3].text == "ERR value is not an integer or out of range");
        CHECK((*replies)[4].integer == 1);
        CHECK((*replies)[5].items.at(0).text == "k");
    }
}

TEST_CASE("a pipeline of many large commands does not stall", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Connected redis(tcp_url(server));
    const std::string large(64 * 1024, 'x');
    std::vector<control::RedisCommand> commands;
    for (int i = 0; i < 300; ++i) commands.push_back({"ECHO", large});
    const auto replies = run_task(redis.io, redis.client.run(std::move(commands)));
    REQUIRE(replies.has_value());
    for (const auto& reply : *replies) CHECK(reply.text.size() == large.size());
}

TEST_CASE("the client logs in and chooses its database", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path(), {"--requirepass", "p@ss"});
    REQUIRE(server.start());
    const auto port = std::to_string(server.port());
    CHECK(Connected(url_of("redis://:p%40ss@127.0.0.1:" + port + "/2")).ask({"SET", "k", "v"}) ==
          "OK");
    CHECK(Connected(url_of("redis://default:p%40ss@127.0.0.1:" + port + "/2")).ask({"GET", "k"}) ==
          "v");
    CHECK(Connected(url_of("redis://:p%40ss@127.0.0.1:" + port)).ask({"GET", "k"}).empty());
    CHECK(
        Connected(url_of("redis://:wrong@127.0.0.1:" + port)).ask({"PING"}) ==
        "Error connecting to redis: WRONGPASS invalid username-password pair or user is disabled.");
    CHECK(Connected(url_of("redis://:p%40ss@127.0.0.1:" + port + "/99")).ask({"PING"}) ==
          "Error connecting to redis: ERR DB index is out of range");
    CHECK(Connected(url_of("redis://127.0.0.1:" + port)).ask({"PING"}) ==
          "NOAUTH Authentication required.");
}

TEST_CASE(
    "a Redis that is away, dies or hangs is a problem in time, and the next call connects again",
    "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    Connected redis(tcp_url(server), 300ms);
    CHECK(redis.ask({"PING"}) == "Error connecting to redis: connection refused");
    CHECK(Connected(url_of("unix:" + server.socket_path())).ask({"PING"}) ==
          "Error connecting to redis: no such file or directory");
    REQUIRE(server.start());
    CHECK(redis.ask({"PING"}) == "PONG");
    server.freeze();
    CHECK(redis.ask({"PING"}) == "Lost the connection to redis: timeout");
    server.thaw();
    CHECK(redis.ask({"PING"}) == "PONG");
    server.kill();
    CHECK(redis.ask({"PING"}) == "Error connecting to redis: connection refused");
    REQUIRE(server.start());
    CHECK(redis.ask({"PING"}) == "PONG");
}

TEST_CASE("callers at the same time take turns", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Connected redis(tcp_url(server));
    std::vector<std::optional<Checked<std::vector<RedisReply>>>> results(50);
    for (std::size_t i = 0; i < results.size(); ++i) {
        auto asked = redis.client.run(one({"ECHO", std::to_string(i)}));
        aio::spawn(redis.io.get_executor(), "ask", test::keep_result(std::move(asked), results[i]));
    }
    REQUIRE(eventually(redis.io, 10s, [&] { return results.back().has_value(); }));
    for (std::size_t i = 0; i < results.size(); ++i) {
        REQUIRE(results[i]);
        CHECK(results[i]->value().at(0).text == std::to_string(i));
    }
}

TEST_CASE("a Redis that repeats what it was sent does not get the password into a message",
          "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path(), {"--rename-command", "AUTH", "LOGIN"});
    REQUIRE(server.start());
    const auto port = std::to_string(server.port());
    CHECK(
        Connected(url_of("redis://:s3cret@127.0.0.1:" + port)).ask({"PING"}) ==
        "Error connecting to redis: ERR unknown command 'AUTH', with args beginning with: '***' ");
    CHECK(Connected(url_of("redis://eve:s3cret@127.0.0.1:" + port)).ask({"PING"}).find("s3cret") ==
          std::string::npos);
}

TEST_CASE("a user of the ACL may do what it may, over TCP and a Unix socket", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("ACL SETUSER routes on >p@ss ~frontend:* +get +set +select");
    const auto port = std::to_string(server.port());
    for (const auto& url : {"redis://routes:p%40ss@127.0.0.1:" + port + "/2",
                            "unix://routes:p%40ss@" + server.socket_path() + "?db=2"}) {
        Connected redis(url_of(url));
        CHECK(redis.ask({"SET", "frontend:a.com", "web"}) == "OK");
        CHECK(redis.ask({"GET", "frontend:a.com"}) == "web");
        CHECK(redis.ask({"GET", "other"}).starts_with("NOPERM"));
        CHECK(redis.ask({"DEL", "frontend:a.com"}).starts_with("NOPERM"));
    }
    CHECK(server.command("SELECT 2\r\nDBSIZE") == "+OK\r\n:1\r\n");
}

TEST_CASE("callers of a Redis that hangs wait for one time limit, not for one each", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Connected redis(tcp_url(server), 400ms);
    REQUIRE(redis.ask({"PING"}) == "PONG");
    server.freeze();
    std::vector<std::optional<Checked<std::vector<RedisReply>>>> results(20);
    const auto begun = Clock::now();
    for (auto& result : results) {
        auto asked = redis.client.run(one({"PING"}));
        aio::spawn(redis.io.get_executor(), "ask", test::keep_result(std::move(asked), result));
    }
    const auto all_ended = [&] {
        return std::all_of(results.begin(), results.end(),
                           [](const auto& result) { return result.has_value(); });
    };
    REQUIRE(eventually(redis.io, 5s, all_ended));
    CHECK(Clock::now() - begun < 2s);
    for (const auto& result : results) CHECK(!*result);
    server.thaw();
    CHECK(redis.ask({"PING"}) == "PONG");
}
