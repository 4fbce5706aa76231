#include "control/redis/redis_slot.hpp"

#include "control/redis/redis_slot_map.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;
using control::RedisReply;
using control::RedisSlotMap;
using control::slot_of_key;

namespace {

RedisReply number(std::int64_t value) {
    RedisReply reply;
    reply.type = RedisReply::Type::integer;
    reply.integer = value;
    return reply;
}

RedisReply text(const std::string& value) {
    RedisReply reply;
    reply.type = RedisReply::Type::text;
    reply.text = value;
    return reply;
}

RedisReply list(std::vector<RedisReply> items) {
    RedisReply reply;
    reply.type = RedisReply::Type::array;
    reply.items = std::move(items);
    return reply;
}

RedisReply range(std::int64_t first, std::int64_t last, const std::string& host,
                 std::int64_t port) {
    return list({number(first), number(last), list({text(host), number(port), text("id")})});
}

}  // namespace

TEST_CASE("keys have the slots that the specification and redis-cli give them", "[redis]") {
    CHECK(slot_of_key("123456789") == 0x31c3);  // the specification's example
    CHECK(slot_of_key("foo") == 12182);
    CHECK(slot_of_key("") == 0);
    CHECK(slot_of_key("{user1000}.following") == slot_of_key("{user1000}.followers"));
    CHECK(slot_of_key("foo{}{bar}") != slot_of_key("bar"));
    CHECK(slot_of_key("foo{{bar}}zap") == slot_of_key("{bar"));
    CHECK(slot_of_key("foo{bar}{zap}") == slot_of_key("bar"));
    CHECK(control::key_of({"SET", "k", "v"}) == "k");
    CHECK(control::key_of({"EVAL", "return 1", "1", "k"}) == "k");
    CHECK(control::key_of({"PING"}).empty());
}

TEST_CASE("a cluster's slots are read, hosts that are left out included", "[redis]") {
    const auto from = model::Address::tcp("10.0.0.9", 7000);
    const auto map =
        RedisSlotMap::read(list({range(0, 5460, "10.0.0.2", 7001), range(5461, 10922, "", 7000),
                                 range(10924, 16383, "10.0.0.2", 7001)}),
                           from);
    REQUIRE(map.has_value());
    CHECK(map->masters() == std::vector<model::Address>{model::Address::tcp("10.0.0.2", 7001),
                                                        model::Address::tcp("10.0.0.9", 7000)});
    CHECK(*map->master_of(0) == model::Address::tcp("10.0.0.2", 7001));
    CHECK(*map->master_of(5461) == model::Address::tcp("10.0.0.9", 7000));
    CHECK(map->master_of(10923) == nullptr);
    CHECK(*map->master_of(16383) == model::Address::tcp("10.0.0.2", 7001));

    for (const auto& bad : {list({range(0, 16384, "h", 1)}), list({range(-1, 5, "h", 1)}),
                            list({range(7, 5, "h", 1)}), list({range(0, 5, "h", 0)}),
                            list({list({number(1), number(2)})}), list({text("x")})}) {
        CHECK(!RedisSlotMap::read(bad, from));
    }
}

TEST_CASE("MOVED and ASK are told from other errors", "[redis]") {
    const auto from = model::Address::tcp("10.0.0.9", 7000);
    const auto moved = control::redirect_in("MOVED 3999 127.0.0.1:6381", from);
    REQUIRE(moved);
    CHECK(!moved->is_ask);
    CHECK(moved->to == model::Address::tcp("127.0.0.1", 6381));
    const auto ask = control::redirect_in("ASK 3999 ::1:6381", from);
    REQUIRE(ask);
    CHECK(ask->is_ask);
    CHECK(ask->to == model::Address::tcp("::1", 6381));
    CHECK(control::redirect_in("MOVED 3999 :6381", from)->to ==
          model::Address::tcp("10.0.0.9", 6381));
    for (const char* other : {"MOVED", "MOVED 1", "MOVED 1 h", "MOVED 1 h:x", "MOVED 1 h:0",
                              "ERR MOVED 1 h:1", "ASKING"}) {
        CHECK(!control::redirect_in(other, from));
    }
}
