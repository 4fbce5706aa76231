#include "control/redis/redis_url.hpp"

#include "tests/unit/control/redis/connected.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;
using test::url_of;

TEST_CASE("a Redis URL is read, and a bad one says what is allowed", "[redis]") {
    const auto url = url_of("redis://user:p%40ss@[::1]:7000/3");
    CHECK(url.address == model::Address::tcp("::1", 7000));
    CHECK(url.user == "user");
    CHECK(url.password == "p@ss");
    CHECK(url.database == 3);
    CHECK(url_of("redis://h").address == model::Address::tcp("h", 6379));
    CHECK(url_of("redis://:pw@h").password == "pw");
    CHECK(!url_of("redis://h").is_tls);
    const auto secured = url_of("rediss://u:p@h/1");
    CHECK(secured.is_tls);
    CHECK(secured.address == model::Address::tcp("h", 6379));
    CHECK(secured.database == 1);
    CHECK(url_of("unix:/run/redis.sock").address.path == "/run/redis.sock");
    CHECK(url_of("unix:///run/redis.sock").address.path == "/run/redis.sock");
    const auto socket = url_of("unix://u:p%2F@/run/redis.sock?db=4");
    CHECK(socket.address == model::Address::unix_socket("/run/redis.sock"));
    CHECK(socket.user == "u");
    CHECK(socket.password == "p/");
    CHECK(socket.database == 4);
    for (const char* bad :
         {"", "http://h", "redis://", "redis://h/x", "redis://h:0", "redis://h:99999",
          "redis://h#x", "rediss://", "redis://h?x=1", "h:6379", "unix:x", "unix://h/p", "unix://",
          "unix:///p?x=1", "unix:///p?db=x"}) {
        INFO(bad);
        CHECK(!control::parse_redis_url(bad));
    }
    for (const char* bad : {"redis://:secret@h/x", "redis://:secret@h:x", "rediss://:secret@",
                            "redis://:secret%@h", "redis://:secret@h?q", "unix://:secret@h/p"}) {
        const auto url_or_problem = control::parse_redis_url(bad);
        REQUIRE(!url_or_problem);
        CHECK(url_or_problem.error().text().find("secret") == std::string::npos);
    }
}
