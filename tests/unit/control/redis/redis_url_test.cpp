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
    CHECK(url_of("unix:/run/redis.sock").address.path == "/run/redis.sock");
    for (const char* bad : {"", "http://h", "redis://", "redis://h/x", "redis://h:0",
                            "redis://h:99999", "rediss://h", "redis://h?x=1", "h:6379", "unix:x"}) {
        INFO(bad);
        CHECK(!control::parse_redis_url(bad));
    }
    CHECK(control::parse_redis_url("redis://:secret@h/x").error().text().find("secret") ==
          std::string::npos);
}
