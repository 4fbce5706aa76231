#include "proxy/base/text_buffer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;

TEST_CASE("a text buffer keeps its text as it grows", "[text_buffer]") {
    TextBuffer buffer;
    std::string expected;
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string piece(size, static_cast<char>('a' + size % 23));
        buffer.append(piece);
        expected += piece;
        REQUIRE(buffer.text() == expected);
    }
}

TEST_CASE("what is written into a text buffer's room counts up to its end", "[text_buffer]") {
    TextBuffer buffer;
    buffer.append("ab");
    const auto room = buffer.room(5);
    REQUIRE(room.size() >= 5);
    room[0] = 'c';
    room[1] = 'd';
    CHECK(buffer.text() == "ab");
    buffer.end_at(room.data() + 1);
    CHECK(buffer.text() == "abc");
}

TEST_CASE("a cleared text buffer has its storage still", "[text_buffer]") {
    TextBuffer buffer;
    CHECK(buffer.empty());
    buffer.room(1000);
    const char* const storage = buffer.append("text").text().data();
    buffer.clear();
    CHECK(buffer.empty());
    CHECK(buffer.room(1000).data() == storage);
}
