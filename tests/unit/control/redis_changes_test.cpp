// How a Redis store learns what others do: told, or by looking; what it believes, and what it has
// when there is no Redis.
#include "tests/unit/control/running_store.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

using namespace fairlead;
using test::eventually;
using test::RedisServer;
using test::RunningStore;
using test::tcp_url;
using test::without_file;
using Kind = control::StoreChange::Kind;
using Watch = model::StoreSettings::Watch;

namespace {

model::StoreSettings watching(Watch watch) {
    auto settings = without_file();
    settings.watch = watch;
    return settings;
}

bool says(RunningStore& running, const std::string& what) {
    return eventually(running.io, 2500ms, [&] {
        return running.store.source().status().detail.find(what) != std::string::npos;
    });
}

/// How often that command was called, of INFO commandstats.
int calls(const std::string& stats, const std::string& command) {
    const auto name = "cmdstat_" + command + ":calls=";
    const auto at = stats.find(name);
    return at == std::string::npos ? 0 : std::atoi(stats.c_str() + at + name.size());
}

/// All that read keys, since CONFIG RESETSTAT.
int reads(const RedisServer& server) {
    const auto stats = server.command("INFO commandstats");
    int sum = 0;
    for (const char* command : {"get", "getrange", "exists", "hgetall", "scan", "type", "lrange",
                                "smembers", "info", "dbsize", "keys"})
        sum += calls(stats, command);
    return sum;
}

void write_routes(const RedisServer& server, int count) {
    server.command("HSET backend:web 10.0.0.1:80 0");
    for (int i = 0; i < count; ++i)
        server.command("SET frontend:h" + std::to_string(i) + ".com web");
}

}  // namespace

TEST_CASE("what others write is seen however Redis is watched", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    struct Row {
        Watch watch;
        std::string says;
        std::vector<std::string> extra;
    };
    const std::vector<std::string> notify = {"--notify-keyspace-events", "KA"};
    const std::vector<Row> rows = {{Watch::automatic, "client tracking", {}},
                                   {Watch::tracking, "client tracking", notify},
                                   {Watch::notifications, "keyspace notifications", notify},
                                   {Watch::notifications, "looking twice a second", {}},
                                   {Watch::digest, "looking twice a second", notify}};
    for (const auto& row : rows) {
        CAPTURE(row.says);
        const test::TempFolder folder;
        RedisServer server(folder.path(), row.extra);
        REQUIRE(server.start());
        server.command("SET frontend:old.com web");
        RunningStore running(tcp_url(server), watching(row.watch));
        REQUIRE(running.has_route("old.com"));
        CHECK(says(running, row.says));
        server.command("SET frontend:new.com web");
        CHECK(running.has_route("new.com"));
        server.command("HSET backend:web 10.0.0.1:80 0");
        CHECK(eventually(running.io, 2500ms,
                         [&] { return running.states.back().services.size() == 1; }));
        server.command("SET frontend:brief.com web PX 1200");
        CHECK(running.has_route("brief.com"));
        server.command("GET frontend:brief.com");
        CHECK(running.has_routes(2));
        server.command("DEL frontend:old.com");
        CHECK(running.has_routes(1));
        server.command("FLUSHALL");
        CHECK(running.has_routes(0));
        CHECK(calls(server.command("INFO commandstats"), "keys") == 0);
    }
}

TEST_CASE("a changed key that is told costs one command, and at most three", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    write_routes(server, 50);
    auto settings = without_file();
    settings.hipache = true;
    RunningStore running(tcp_url(server), settings);
    REQUIRE(running.has_routes(50));
    REQUIRE(says(running, "client tracking"));
    const auto cost = [&](const std::string& change) {
        server.command("CONFIG RESETSTAT");
        const auto before = running.states.size();
        server.command(change);
        REQUIRE(eventually(running.io, 2500ms, [&] { return running.states.size() > before; }));
        // Nothing follows.
        eventually(running.io, 1200ms, [] { return false; });
        CHECK(running.states.size() == before + 1);
        return reads(server);
    };
    CHECK(cost("HSET backend:web 10.0.0.2:80 0") == 1);
    CHECK(cost("SET frontend:one.com web") == 1);
    CHECK(cost("DEL frontend:one.com") == 2);
    CHECK(cost("RPUSH frontend:list.com name http://10.0.0.1:80 http://10.0.0.2:80") == 3);
    CHECK(cost("SADD dead:list.com 1") == 3);
    CHECK(cost("SADD frontend:set.com x") == 3);
    CHECK(running.rejected() ==
          std::vector<std::string>{"frontend:set.com: the key holds neither a string nor a list; "
                                   "allowed: those"});
}

TEST_CASE("Hipache's lists are served where that is wanted, and Redx's keys beside them",
          "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    server.command("RPUSH frontend:h.com name http://10.0.0.1:80 http://10.0.0.2:80");
    server.command("SADD dead:h.com 0 junk 77");
    server.command("SET frontend:r.com web");
    SECTION("not wanted") {
        RunningStore running(tcp_url(server));
        REQUIRE(running.has_routes(1));
        CHECK(running.rejected() ==
              std::vector<std::string>{"frontend:h.com: the key holds a list; allowed: a string, "
                                       "or lists as Hipache's with store.hipache"});
    }
    SECTION("wanted") {
        auto settings = without_file();
        settings.hipache = true;
        RunningStore running(tcp_url(server), settings);
        REQUIRE(running.has_routes(2));
        const auto service = [&] { return running.states.back().services.at(0); };
        CHECK(service().name == "hipache:h.com");
        REQUIRE(service().endpoints.size() == 2);
        CHECK(service().endpoints[0].admission == model::Admission::unhealthy);
        CHECK(service().endpoints[1].admission == model::Admission::ready);
        server.command("DEL dead:h.com");
        CHECK(eventually(running.io, 2500ms, [&] {
            return service().endpoints[0].admission == model::Admission::ready;
        }));
        // Written as a frontend of Redx's, it is one.
        REQUIRE(running.apply({{Kind::set_frontend, "h.com", "", "web"}}).has_value());
        CHECK(running.states.back().routes.at(0).service == "web");
        server.command("DEL frontend:h.com");
        CHECK(running.has_routes(1));
    }
}

TEST_CASE("a flush by accident costs no route until it is confirmed or repeated", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    write_routes(server, 20);
    auto settings = without_file();
    settings.mass_delete_hold = 3s;
    settings.watch = GENERATE(Watch::tracking, Watch::digest);
    RunningStore running(tcp_url(server), settings);
    REQUIRE(running.has_routes(20));
    const auto published = running.states.size();
    CHECK(running.store.accept_loss("test") == 0);
    server.command("FLUSHALL");
    REQUIRE(running.has_held_back(21));
    CHECK(running.states.size() == published);
    CHECK(running.store.source().status().detail.find(
              "21 keys that were lost at once are held back") != std::string::npos);
    SECTION("confirmed") {
        CHECK(running.store.accept_loss("test") == 21);
        CHECK(running.states.back().routes.empty());
        CHECK(running.has_held_back(0));
    }
    SECTION("it stands for too long") {
        CHECK(eventually(running.io, 5s, [&] { return running.states.back().routes.empty(); }));
        CHECK(running.has_held_back(0));
    }
    SECTION("everything is back") {
        server.command("SET frontend:new.com web");
        CHECK(running.has_routes(21));
        write_routes(server, 19);
        CHECK(running.has_held_back(1));
        server.command("SET frontend:h19.com web");
        CHECK(running.has_held_back(0));
        eventually(running.io, 3500ms, [] { return false; });
        CHECK(running.states.back().routes.size() == 21);
    }
    SECTION("taken away on purpose") {
        REQUIRE(running.apply({{Kind::delete_frontend, "h3.com", "", ""}}).has_value());
        CHECK(running.states.back().routes.size() == 19);
        CHECK(running.has_held_back(20));
        REQUIRE(running.apply({{Kind::flush, "", "", ""}}).has_value());
        CHECK(running.states.back().routes.empty());
        CHECK(running.has_held_back(0));
    }
    SECTION("a single key that is deleted meanwhile is held back too") {
        server.command("SET frontend:new.com web");
        CHECK(running.has_routes(21));
        server.command("DEL frontend:new.com");
        CHECK(running.has_held_back(22));
    }
}

TEST_CASE("a flush that is repeated is meant", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    write_routes(server, 20);
    RunningStore running(tcp_url(server));
    REQUIRE(running.has_routes(20));
    server.command("FLUSHALL");
    REQUIRE(running.has_held_back(21));
    eventually(running.io, 1200ms, [] { return false; });
    server.command("FLUSHALL");
    CHECK(running.has_routes(0));
}

TEST_CASE("without Redis a start begins with the last good copy, and ends with what Redis has",
          "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    auto settings = without_file();
    settings.last_good = folder / "last-good.json";
    settings.hipache = true;
    {
        server.command("RPUSH frontend:h.com name http://10.0.0.1:80");
        write_routes(server, 3);
        RunningStore running(tcp_url(server), settings);
        REQUIRE(running.has_routes(4));
    }
    server.kill();
    RunningStore running(tcp_url(server), settings);
    REQUIRE(running.has_routes(4));
    auto status = running.store.source().status();
    CHECK(!status.connected);
    REQUIRE(status.as_of.has_value());
    CHECK(std::chrono::system_clock::now() - *status.as_of < 60s);
    CHECK(says(running, "connection refused; serving the last good copy from disk"));

    REQUIRE(server.start());
    server.command("SET frontend:other.com web");
    CHECK(running.has_routes(1));
    CHECK(running.is_connected(true));
    CHECK(!running.store.source().status().as_of);
    server.kill();
    CHECK(running.is_connected(false));
    CHECK(running.store.source().status().as_of.has_value());
    CHECK(running.store.source().status().detail.find("last good") == std::string::npos);
}

TEST_CASE("a Redis that hangs at the start does not keep the copy from being served", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const test::TempFolder folder;
    RedisServer server(folder.path());
    REQUIRE(server.start());
    auto settings = without_file();
    settings.last_good = folder / "last-good.json";
    {
        write_routes(server, 3);
        RunningStore running(tcp_url(server), settings);
        REQUIRE(running.has_routes(3));
    }
    server.freeze();
    RunningStore running(tcp_url(server), settings);
    CHECK(eventually(running.io, 900ms, [&] {
        return !running.states.empty() && running.states.back().routes.size() == 3;
    }));
    server.thaw();
    server.command("SET frontend:more.com web");
    CHECK(running.has_routes(4));
}

TEST_CASE("a copy of another Redis is not served", "[redis]") {
    const test::TempFolder folder;
    const auto path = folder / "last-good.json";
    test::write_text(path, control::last_good_text({{{{"a.com", "web"}}, {}}, {}, {}}, "another"));
    auto settings = without_file();
    settings.last_good = path;
    RunningStore running(test::url_of("unix:" + (folder / "none.sock")), settings);
    CHECK(says(running, "no such file"));
    CHECK(running.states.empty());
}
