// The file's text: for people to read, and good wherever it is cut or damaged.
#include "control/embedded/store_text.hpp"

#include "control/store/store_changes.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using control::read_store_text;
using control::StoreChange;
using control::StoreContents;
using Kind = control::StoreChange::Kind;

namespace {

const WallTime some_time{std::chrono::milliseconds(1'795'255'200'123)};
const std::string odd = "a \"quoted\" \\ \n line \x01 \xff and \xc3\xa4";

/// One of each kind, with bytes that no JSON has as they are.
const std::vector<std::vector<StoreChange>>& some_changes() {
    static const std::vector<std::vector<StoreChange>> changes = {
        {{Kind::set_frontend, "x.com", "", "web"}, {Kind::set_server, "web", "a:1", "0"}},
        {{Kind::set_frontend, odd, "", odd}, {Kind::set_config, odd, odd, odd}},
        {{Kind::set_server, "web", "b:1", "7"}, {Kind::delete_server, "web", "a:1", ""}},
        {{Kind::set_config, "web", "k", "v"}},
        {{Kind::delete_config, odd, odd, ""}},
        {{Kind::delete_frontend, "x.com", "", ""}, {Kind::delete_backend, "web", "", ""}},
        {{Kind::flush, "", "", ""}, {Kind::set_frontend, "y.com", "", "web"}},
    };
    return changes;
}

}  // namespace

TEST_CASE("the file is for people to read", "[store_text]") {
    StoreContents contents;
    contents.frontends["x.com/a/"] = "web";
    contents.backends["web"].servers = {{"10.0.0.1:80", "0"}};
    contents.backends["web"].config = {{"limit", "5"}};
    CHECK(control::store_text(contents) ==
          R"({"fairlead_store":2,"crc32":"76149477"}
{"do":[["set_frontend","x.com/a/","web"]],"crc32":"4104ee94"}
{"do":[["set_server","web","10.0.0.1:80","0"],["set_config","web","limit","5"]],"crc32":"54277332"}
)");
    CHECK(
        control::store_line({{Kind::delete_backend, "web", "", ""}}, "api unix", some_time) ==
        R"({"at":"2026-11-21T10:00:00.123Z","by":"api unix","do":[["delete_backend","web"]],"crc32":"96bf58e3"})"
        "\n");
}

TEST_CASE("a file cut at any byte has exactly the changes that are whole in it", "[store_text]") {
    std::string text = control::store_text({});
    StoreContents contents;
    std::vector<std::pair<std::size_t, StoreContents>> states = {{0, {}}, {text.size(), {}}};
    for (const auto& changes : some_changes()) {
        text.append(control::store_line(changes, "test", some_time));
        control::apply_changes(contents, changes);
        states.emplace_back(text.size(), contents);
    }
    std::size_t whole = 0;
    for (std::size_t size = 0; size <= text.size(); ++size) {
        while (whole + 1 < states.size() && states[whole + 1].first <= size) ++whole;
        INFO("cut at " << size);
        const auto reading = read_store_text(std::string_view(text).substr(0, size));
        CHECK(reading.contents == states[whole].second);
        CHECK(reading.end == states[whole].first);
        CHECK(reading.damaged == 0);
    }
}

TEST_CASE("damage to any byte costs its line and no other", "[store_text]") {
    const std::vector<StoreChange> first = {{Kind::set_frontend, "a", "", "1"}};
    const std::vector<StoreChange> second = {{Kind::set_frontend, "b", "", "2"}};
    const std::vector<StoreChange> third = {{Kind::set_frontend, "c", "", "3"}};
    const auto header = control::store_text({});
    const auto line = control::store_line(first, "test", some_time);
    const auto good = header + line + control::store_line(second, "test", some_time) +
                      control::store_line(third, "test", some_time);
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char mask : {'\x01', '\x20', '\x7f'}) {
            auto bad = good;
            bad[at] = static_cast<char>(bad[at] ^ mask);
            INFO("byte " << at << " ^ " << static_cast<int>(mask));
            const auto reading = read_store_text(bad);
            const bool in_last = at >= good.size() - line.size();
            CHECK((reading.damaged > 0 || reading.end < bad.size()));
            CHECK(reading.contents.frontends.size() >=
                  (bad[at] == '\n' || good[at] == '\n' ? 1 : 2));
            CHECK((reading.contents.frontends.contains("c") || in_last || good[at] == '\n'));
        }
    }
}

TEST_CASE("a file of another version is not read, and what is none is nothing", "[store_text]") {
    auto text = control::store_text({});
    CHECK(read_store_text(text).version == control::store_version);
    CHECK(read_store_text("").version == 0);
    CHECK(read_store_text("junk").version == 0);
    CHECK(read_store_text("junk\n").damaged == 1);
    CHECK(read_store_text("{\"fairlead_store\":2}\n").damaged == 1);
    CHECK(read_store_text(std::string(5000, '\0')).end == 0);
}

TEST_CASE("what is written anew says the same", "[store_text]") {
    StoreContents contents;
    for (std::size_t i = 0; i + 2 < some_changes().size(); ++i) {
        control::apply_changes(contents, some_changes()[i]);
        CHECK(read_store_text(control::store_text(contents)).contents == contents);
    }
    CHECK(!contents.frontends.empty());
}

TEST_CASE("changes are news only where they make a difference", "[store_text]") {
    StoreContents contents;
    contents.frontends["x.com"] = "web";
    contents.backends["web"].servers = {{"a:1", "0"}, {"b:1", "0"}};
    const auto is_news = [&](const std::vector<StoreChange>& changes) {
        return control::is_news(contents, changes);
    };
    CHECK(!is_news({}));
    CHECK(!is_news({{Kind::set_frontend, "x.com", "", "web"}}));
    CHECK(!is_news({{Kind::set_server, "web", "a:1", "0"}, {Kind::delete_frontend, "y", "", ""}}));
    CHECK(
        !is_news({{Kind::delete_server, "none", "a:1", ""}, {Kind::delete_backend, "no", "", ""}}));
    CHECK(!is_news({{Kind::set_server, "new", "a:1", "0"}, {Kind::delete_backend, "new", "", ""}}));
    CHECK(is_news({{Kind::set_frontend, "x.com", "", "other"}}));
    CHECK(is_news({{Kind::set_server, "web", "a:1", "1"}}));
    CHECK(is_news({{Kind::delete_backend, "web", "", ""}, {Kind::set_server, "web", "a:1", "0"}}));
    // The order of servers is part of what there is.
    CHECK(
        is_news({{Kind::delete_server, "web", "a:1", ""}, {Kind::set_server, "web", "a:1", "0"}}));
    CHECK(is_news({{Kind::flush, "", "", ""}}));
    CHECK(!is_news({{Kind::flush, "", "", ""},
                    {Kind::set_frontend, "x.com", "", "web"},
                    {Kind::set_server, "web", "a:1", "0"},
                    {Kind::set_server, "web", "b:1", "0"}}));
    contents = {};
    CHECK(!is_news({{Kind::flush, "", "", ""}}));
}
