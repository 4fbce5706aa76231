// The Redis client and store against a real redis-server.
#include "control/redis_store.hpp"

#include "tests/support/redis_server.hpp"
#include "tests/support/source_states.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using control::RedisClient;
using control::RedisReply;
using control::RedisStore;
using test::eventually;
using test::RedisServer;
using test::run_task;
using Kind = control::StoreChange::Kind;

namespace {

#define FAIRLEAD_NEEDS_REDIS()                                   \
    if (RedisServer::is_missing()) {                             \
        WARN("SKIPPED: /usr/bin/redis-server is not installed"); \
        return;                                                  \
    }

control::RedisUrl url_of(const std::string& text) {
    const auto url = control::parse_redis_url(text);
    REQUIRE(url.has_value());
    return *url;
}

control::RedisUrl tcp_url(const RedisServer& server) {
    return url_of("redis://127.0.0.1:" + std::to_string(server.port()));
}

std::vector<control::RedisCommand> one(control::RedisCommand command) {
    return {std::move(command)};
}

/// A client and what it needs, on the test's io_context.
struct Connected {
    explicit Connected(control::RedisUrl url, Duration timeout = 5s)
        : client(io, std::move(url), timeout) {}

    std::string ask(control::RedisCommand command) {
        const auto replies = run_task(io, client.run(one(std::move(command))));
        return replies ? replies->at(0).text : replies.error().text();
    }

    aio::IoContext io{1};
    RedisClient client;
};

/// A store whose source runs, and what it published.
class Running {
public:
    explicit Running(control::RedisUrl url) : store(io, std::move(url), 1) {
        const discovery::Source::Publish keep = [this](model::SourceChange change) {
            states.push_back(said_.after(std::move(change)));
        };
        aio::spawn(io.get_executor(), "source", store.source().run(keep));
    }
    ~Running() {
        store.source().stop();
        io.restart();
        io.run_for(5s);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

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
    bool is_connected(bool wanted) {
        return eventually(io, 2500ms, [&] { return store.source().status().connected == wanted; });
    }
    Checked<> apply(std::vector<control::StoreChange> changes) {
        return run_task(io, store.apply(std::move(changes), "test"));
    }

    aio::IoContext io{1};
    std::vector<model::SourceState> states;
    RedisStore store;

private:
    test::SourceStates said_;
};

}  // namespace

TEST_CASE("a Redis URL is read, and a bad one says what is allowed", "[redis]") {
    const auto url = url_of("redis://user:p%40ss@[::1]:7000/3");
    CHECK(url.address == model::Address::tcp("::1", 7000));
    CHECK(url.user == "user");
    CHECK(url.password == "p@ss");
    CHECK(url.database == 3);
    CHECK(url_of("redis://h").address == model::Address::tcp("h", 6379));
    CHECK(url_of("redis://:pw@h").password == "pw");
    CHECK(url_of("unix:/run/redis.sock").address.path == "/run/redis.sock");
    for (const char* bad : {"", "http://h", "redis://", "redis://h/x", "redis://h:0",
                            "redis://h:99999", "rediss://h", "redis://h?x=1", "h:6379", "unix:x"}) {
        INFO(bad);
        CHECK(!control::parse_redis_url(bad));
    }
    CHECK(control::parse_redis_url("redis://:secret@h/x").error().text().find("secret") ==
          std::string::npos);
}

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

TEST_CASE("keys written by the API and by others are routes within 2 seconds", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("SET frontend:old.com web");
    Running running(tcp_url(server));
    REQUIRE(running.has_route("old.com"));

    REQUIRE(running
                .apply({{Kind::set_frontend, "own.com", "", "web"},
                        {Kind::set_server, "web", "10.0.0.1:1", "0"}})
                .has_value());
    // At once: no time passes between the answer and the publication.
    CHECK(running.states.back().routes.size() == 2);
    CHECK(running.states.back().services.at(0).endpoints.size() == 1);

    server.command("SET frontend:others.com/a/ web");
    CHECK(running.has_route("others.com"));
    server.command("HSET backend:web 10.0.0.2:1 0 _limit 5");
    CHECK(eventually(running.io, 2500ms,
                     [&] { return running.states.back().services.at(0).endpoints.size() == 2; }));
    server.command("DEL frontend:old.com");
    CHECK(running.has_routes(2));
    server.command("FLUSHALL");
    CHECK(running.has_routes(0));
}

TEST_CASE("quiet means quiet: nothing is published again while nothing changes", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("SET frontend:a.com web");
    Running running(tcp_url(server));
    REQUIRE(running.has_route("a.com"));
    server.command("SET unrelated x");
    eventually(running.io, 1300ms, [] { return false; });
    CHECK(running.states.size() == 1);
    const auto calls = server.command("INFO commandstats");
    CHECK(calls.find("cmdstat_keys") == std::string::npos);  // never KEYS on somebody's Redis
}

TEST_CASE("a key of the wrong type is listed with its reason and the rest goes on", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("LPUSH frontend:list.com x");
    server.command("SET backend:text x");
    server.command("SET frontend:good.com web");
    server.command("SET frontend:Bad.com web");
    server.command("HSET backend:web 10.0.0.1:x 0 10.0.0.1:80 0");
    Running running(tcp_url(server));
    REQUIRE(running.has_route("good.com"));
    std::vector<std::string> rejected;
    for (const auto& entry : running.states.back().rejected)
        rejected.push_back(entry.origin.place + ": " + entry.why);
    CHECK(rejected == std::vector<std::string>{
                          "backend:text: the key holds another type; allowed: a hash",
                          "backend:web server 10.0.0.1:x: '10.0.0.1:x' is not a server's address; "
                          "allowed: host, host:port or "
                          "[v6]:port",
                          "frontend:Bad.com: the host has upper case letters and so never matches; "
                          "allowed: 'bad.com'",
                          "frontend:list.com: the key holds another type; allowed: a string"});
    CHECK(running.states.back().services.at(0).endpoints.size() == 1);

    // Asked for by name, it is the error that Redis gives.
    const auto asked =
        run_task(running.io, running.store.read_one({control::StoreEntry::Kind::backend, "text"}));
    REQUIRE(!asked);
    CHECK(asked.error().text() ==
          "WRONGTYPE Operation against a key holding the wrong kind of value");

    const auto applied = running.apply({{Kind::set_server, "text", "10.0.0.1:1", "0"}});
    REQUIRE(!applied);
    CHECK(applied.error().text() ==
          "WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_CASE("while Redis is away the last state stands; what it has on its return is believed",
          "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    Running running(tcp_url(server));
    REQUIRE(eventually(running.io, 2500ms,
                       [&] { return !running.store.source().status().detail.empty(); }));
    CHECK(!running.store.source().status().connected);
    CHECK(running.states.empty());

    REQUIRE(server.start());
    REQUIRE(running.is_connected(true));
    REQUIRE(running.apply({{Kind::set_frontend, "a.com", "", "web"}}).has_value());
    REQUIRE(running.has_route("a.com"));
    server.save();
    REQUIRE(running.apply({{Kind::set_frontend, "b.com", "", "web"}}).has_value());
    const auto published = running.states.size();

    server.kill();
    REQUIRE(running.is_connected(false));
    CHECK(eventually(running.io, 2500ms, [&] {
        return running.store.source().status().detail ==
               "Error connecting to redis: connection refused";
    }));
    CHECK(running.states.size() == published);
    const auto refused = running.apply({{Kind::flush, "", "", ""}});
    REQUIRE(!refused);
    CHECK(refused.error().text() == "Error connecting to redis: connection refused");
    CHECK(run_task(running.io, running.store.read()).error().text() == refused.error().text());
    CHECK(run_task(running.io, running.store.probe()).error().text() == refused.error().text());
    CHECK(running.states.size() == published);

    REQUIRE(server.start());  // with what it saved
    CHECK(running.has_routes(1));
    CHECK(running.has_route("a.com"));
    CHECK(running.is_connected(true));

    server.kill();
    REQUIRE(running.is_connected(false));
    std::filesystem::remove(folder / "dump.rdb");
    REQUIRE(server.start());  // with nothing
    CHECK(running.has_routes(0));
}

TEST_CASE("a write that Redis refuses is a failure, not an OK", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path(), {"--maxmemory", "1mb"});
    REQUIRE(server.start());
    Running running(tcp_url(server));
    REQUIRE(running.is_connected(true));
    const auto applied = running.apply(
        {{Kind::delete_backend, "web", "", ""}, {Kind::set_server, "web", "a:1", "0"}});
    REQUIRE(!applied);
    CHECK(applied.error().text().starts_with(
        "OOM command not allowed when used memory > 'maxmemory'"));
}

TEST_CASE("thousands of keys are read whole", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Running running(url_of("unix:" + server.socket_path()));
    REQUIRE(running.is_connected(true));
    std::vector<control::StoreChange> changes;
    for (int i = 0; i < 3000; ++i) {
        changes.push_back({Kind::set_frontend, "h" + std::to_string(i) + ".com", "", "web"});
        changes.push_back({Kind::set_server, "b" + std::to_string(i), "10.0.0.1:80", "0"});
    }
    REQUIRE(running.apply(std::move(changes)).has_value());
    const auto contents = run_task(running.io, running.store.read());
    REQUIRE(contents.has_value());
    CHECK(contents->frontends.size() == 3000);
    CHECK(contents->backends.size() == 3000);
}

TEST_CASE("the probe leaves nothing behind", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    Running running(tcp_url(server));
    CHECK(run_task(running.io, running.store.probe()).has_value());
    CHECK(server.command("DBSIZE") == ":0\r\n");
}
