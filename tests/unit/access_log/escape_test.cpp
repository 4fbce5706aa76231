#include "proxy/access_log/escape.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace fairlead;
using namespace std::string_view_literals;

namespace {

template <class Escape>
std::string escaped(Escape escape, std::string_view text, std::size_t room = 4096) {
    std::string out(room + 8, '#');
    const auto* const end = escape(out.data(), text, room);
    const auto size = static_cast<std::size_t>(end - out.data());
    REQUIRE(size <= room);
    CHECK(out.substr(room) == "########");  // nothing beyond the room, not even for a moment
    return out.substr(0, size);
}

std::string json(std::string_view text, std::size_t room = 4096) {
    return escaped(access_log::escape_json, text, room);
}
std::string text(std::string_view value, std::size_t room = 4096) {
    return escaped(access_log::escape_text, value, room);
}

}  // namespace

TEST_CASE("what needs no escape is copied, whatever its length", "[access_log]") {
    const std::string plain =
        "/a/path-with_everything~usual?and=a&query=1;(x),'y'*z+%20 <b>[c]{d}|^`";
    for (std::size_t length = 0; length <= plain.size(); ++length) {
        CHECK(json(plain.substr(0, length)) == plain.substr(0, length));
        CHECK(text(plain.substr(0, length)) == plain.substr(0, length));
    }
}

TEST_CASE("each byte that could end a field or a line is escaped, at every place", "[access_log]") {
    struct Row {
        std::string_view byte;
        std::string_view json;
        std::string_view text;
    };
    const Row rows[] = {
        {"\""sv, "\\\"", "\\x22"},      {"\\"sv, "\\\\", "\\x5C"},
        {"\n"sv, "\\u000a", "\\x0A"},   {"\r"sv, "\\u000d", "\\x0D"},
        {"\0"sv, "\\u0000", "\\x00"},   {"\x1f"sv, "\\u001f", "\\x1F"},
        {"\x7f"sv, "\\u007f", "\\x7F"}, {"\x80"sv, "\\ufffd", "\\x80"},
        {"\xff"sv, "\\ufffd", "\\xFF"},
    };
    for (const auto& row : rows) {
        for (std::size_t before = 0; before < 20; ++before) {
            const std::string head(before, 'a');
            const auto given = head + std::string(row.byte) + "tail of the text";
            CHECK(json(given) == head + std::string(row.json) + "tail of the text");
            CHECK(text(given) == head + std::string(row.text) + "tail of the text");
        }
    }
}

TEST_CASE("JSON keeps UTF-8 and replaces what is none", "[access_log]") {
    CHECK(json("gr\xc3\xbc\xc3\x9f dich") == "gr\xc3\xbc\xc3\x9f dich");
    CHECK(json("\xe2\x82\xac \xf0\x9f\x98\x80") == "\xe2\x82\xac \xf0\x9f\x98\x80");
    const std::string_view bad[] = {
        "\xc3"sv,              // cut off
        "\xc0\xaf"sv,          // overlong
        "\xe0\x80\x80"sv,      // overlong
        "\xed\xa0\x80"sv,      // a surrogate
        "\xf4\x90\x80\x80"sv,  // beyond U+10FFFF
        "\xf8"sv,
    };
    for (const auto bytes : bad) {
        std::string expected;
        for (std::size_t i = 0; i < bytes.size(); ++i) expected += "\\ufffd";
        CHECK(json(std::string(bytes) + "x") == expected + "x");
    }
    CHECK(text("\xc3\xbc") == "\\xC3\\xBC");
}

TEST_CASE("what does not fit is cut, never within an escape", "[access_log]") {
    CHECK(json(std::string(100, 'a'), 40) == std::string(37 - 5, 'a') + "...");
    for (std::size_t room = 16; room < 60; ++room) {
        for (std::size_t before = 0; before <= 7; ++before) {
            const auto out = json(std::string(before, 'a') + std::string(80, '\n'), room);
            CHECK(out.ends_with("..."));
            const auto escapes = out.substr(before, out.size() - before - 3);
            CHECK(escapes.size() % 6 == 0);
        }
    }
}
