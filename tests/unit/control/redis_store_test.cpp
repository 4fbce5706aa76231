// The store in a Redis against a real redis-server.
#include "tests/unit/control/running_store.hpp"
#include "tests/unit/control/store_reading.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using test::eventually;
using test::RedisServer;
using test::run_task;
using test::RunningStore;
using test::tcp_url;
using test::url_of;
using Kind = control::StoreChange::Kind;

TEST_CASE("keys written by the API and by others are routes within 2 seconds", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("SET frontend:old.com web");
    RunningStore running(tcp_url(server));
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
    RunningStore running(tcp_url(server));
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
    RunningStore running(tcp_url(server));
    REQUIRE(running.has_route("good.com"));
    std::vector<std::string> rejected;
    for (const auto& entry : running.states.back().rejected)
        rejected.push_back(entry.origin.place + ": " + entry.why);
    CHECK(rejected == std::vector<std::string>{
                          "backend:text: the key holds a string; allowed: a hash",
                          "backend:web server 10.0.0.1:x: '10.0.0.1:x' is not a server's address; "
                          "allowed: host, host:port or "
                          "[v6]:port, with or without a path",
                          "frontend:Bad.com: the host has upper case letters and so never matches; "
                          "allowed: 'bad.com'",
                          "frontend:list.com: the key holds a list; allowed: a string, or lists as "
                          "Hipache's with store.hipache"});
    CHECK(running.states.back().services.at(0).endpoints.size() == 1);

    // Asked for by name, it is the error that Redis gives.
    const control::Store::Look no_look = [](const auto&) {};
    const auto asked = run_task(
        running.io, running.store.read_one({control::StoreEntry::Kind::backend, "text"}, no_look));
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
    RunningStore running(tcp_url(server));
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
    CHECK(test::try_read_all(running.io, running.store).error().text() == refused.error().text());
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
    RunningStore running(tcp_url(server));
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
    RunningStore running(url_of("unix:" + server.socket_path()));
    REQUIRE(running.is_connected(true));
    std::vector<control::StoreChange> changes;
    for (int i = 0; i < 3000; ++i) {
        changes.push_back({Kind::set_frontend, "h" + std::to_string(i) + ".com", "", "web"});
        changes.push_back({Kind::set_server, "b" + std::to_string(i), "10.0.0.1:80", "0"});
    }
    REQUIRE(running.apply(std::move(changes)).has_value());
    const auto contents = test::try_read_all(running.io, running.store);
    REQUIRE(contents.has_value());
    CHECK(contents->frontends.size() == 3000);
    CHECK(contents->backends.size() == 3000);
}

TEST_CASE("the probe leaves nothing behind", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    RunningStore running(tcp_url(server));
    CHECK(run_task(running.io, running.store.probe()).has_value());
    CHECK(server.command("DBSIZE") == ":0\r\n");
}
