// Replies as no Redis sends them.
#include "control/redis/redis_protocol.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace fairlead;
using control::RedisReader;
using control::RedisReply;

namespace {

/// What reading these bytes ends with: "", or the problem.
std::string problem_of(RedisReader& reader, const std::string& bytes) {
    reader.feed(bytes);
    for (;;) {
        const auto next = reader.next();
        if (!next) return next.error().text();
        if (!*next) return "";
    }
}

}  // namespace

TEST_CASE("a reply is the same however it is cut", "[redis]") {
    const std::string bytes = "*4\r\n$3\r\nabc\r\n:-7\r\n*2\r\n+OK\r\n$-1\r\n-ERR no\r\n:1\r\n";
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        RedisReader reader;
        std::vector<RedisReply> replies;
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            reader.feed(std::string_view(bytes).substr(at, size));
            for (;;) {
                auto next = reader.next();
                REQUIRE(next.has_value());
                if (!*next) break;
                replies.push_back(std::move(**next));
            }
        }
        REQUIRE(replies.size() == 2);
        const auto& items = replies[0].items;
        REQUIRE(items.size() == 4);
        CHECK(items[0].text == "abc");
        CHECK(items[1].integer == -7);
        CHECK(items[2].items.at(0).text == "OK");
        CHECK(items[2].items.at(1).is_nil());
        CHECK(items[3].is_error());
        CHECK(replies[1].integer == 1);
    }
}

TEST_CASE("a hostile reply is refused before it costs anything", "[redis]") {
    RedisReader one_array;
    CHECK(problem_of(one_array, "*2000000000\r\n") == "a reply has more than 1048576 items");
    RedisReader many_arrays;
    std::string nested = "*1000\r\n";
    for (int i = 0; i < 2; ++i) nested += "*1000000\r\n";
    CHECK(problem_of(many_arrays, nested) == "a reply has more than 1048576 items");
    RedisReader text;
    const std::string chunk(1024 * 1024, 'x');
    std::string told = problem_of(text, "$2000000000\r\n");
    for (int i = 0; i < 80 && told.empty(); ++i) told = problem_of(text, chunk);
    CHECK(told == "a reply has more than 64 MiB");
    RedisReader nonsense;
    CHECK(problem_of(nonsense, "HTTP/1.1 400 Bad Request\r\n").starts_with("Protocol error"));
}

TEST_CASE("bytes that no Redis sends are a problem or a reply, whatever they are", "[redis]") {
    const std::string good =
        "*3\r\n$3\r\nabc\r\n*2\r\n:12\r\n$-1\r\n+OK\r\n-ERR no\r\n*-1\r\n*0\r\n$0\r\n\r\n";
    const std::string alphabet = "*$:+-0123456789\r\nx";
    std::mt19937 random(20240917);
    std::size_t problems = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = good + good;
        for (std::size_t edits = 1 + random() % 4; edits > 0; --edits) {
            const auto at = random() % bytes.size();
            const auto letter = alphabet[random() % alphabet.size()];
            if (random() % 3 == 0) {
                bytes.erase(at, 1);
            } else if (random() % 2 == 0) {
                bytes.insert(at, 1, letter);
            } else {
                bytes[at] = letter;
            }
        }
        RedisReader reader;
        const auto cut = random() % bytes.size();
        if (!problem_of(reader, bytes.substr(0, cut)).empty() ||
            !problem_of(reader, bytes.substr(cut)).empty())
            ++problems;
    }
    CHECK(problems > 1000);
}

TEST_CASE("the limits are a reply's, not a connection's", "[redis]") {
    RedisReader reader;
    const std::string text = "$1048576\r\n" + std::string(1048576, 'x') + "\r\n";
    for (int i = 0; i < 80; ++i) REQUIRE(problem_of(reader, text).empty());
    std::string items = "*600000\r\n";
    for (int i = 0; i < 600000; ++i) items += ":1\r\n";
    for (int i = 0; i < 3; ++i) REQUIRE(problem_of(reader, items).empty());
}
