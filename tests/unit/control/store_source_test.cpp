// What a store's source publishes: the keys that are different, and nothing else.
#include "control/store/store_source.hpp"

#include "control/store/shown_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using control::Backend;
using control::HipacheFrontend;
using control::KeyReading;
using control::StoreImage;
using control::StoreSource;
using Kind = control::StoreChange::Kind;

namespace {

/// A source that is listened to from the start.
struct Heard {
    explicit Heard(unsigned max_path_length = 1) : source(max_path_length) {
        source.start([this](model::SourceChange change) { said.push_back(std::move(change)); },
                     "test");
    }

    /// The names of the last change's items, "-name" for those that are gone; "whole:" in front of
    /// the first word.
    std::vector<std::string> last() const {
        std::vector<std::string> names;
        if (said.empty()) return names;
        if (said.back().is_whole) names.emplace_back("whole:");
        for (const auto& entry : said.back().items)
            names.push_back((entry.item ? "" : "-") + entry.name);
        return names;
    }
    const model::SourceItem& item(std::size_t i) const { return *said.back().items.at(i).item; }

    StoreSource source;
    std::vector<model::SourceChange> said;
};

using Names = std::vector<std::string>;

StoreImage image(std::map<std::string, std::string> frontends,
                 std::map<std::string, Backend> backends = {}) {
    return {{std::move(frontends), std::move(backends)}, {}, {}};
}

const Backend one_server{{{"10.0.0.1:80", "0"}}, {}};

}  // namespace

TEST_CASE("the first word is the whole, everything after it is what is different", "[store]") {
    Heard heard;
    CHECK(!heard.source.is_known());
    heard.source.replace(image({{"a.com", "web"}, {"b.com", "web"}}, {{"web", one_server}}),
                         "redis");
    CHECK(heard.last() == Names{"whole:", "backend:web", "frontend:a.com", "frontend:b.com"});
    CHECK(heard.said.back().who == "redis");
    CHECK(heard.said.back().caused_at.has_value());

    heard.source.replace(image({{"a.com", "other"}, {"c.com", "web"}}, {{"web", one_server}}), "x");
    CHECK(heard.last() == Names{"frontend:a.com", "-frontend:b.com", "frontend:c.com"});
    const auto count = heard.said.size();
    heard.source.replace(image({{"a.com", "other"}, {"c.com", "web"}}, {{"web", one_server}}), "x");
    CHECK(heard.said.size() == count);
}

TEST_CASE("a change costs the keys it names, a flush what there was", "[store]") {
    Heard heard;
    heard.source.replace(image({{"a.com", "web"}}, {{"web", one_server}}), "redis");
    heard.source.apply({{Kind::set_server, "web", "10.0.0.2:80", "0"},
                        {Kind::set_frontend, "b.com", "", "web"},
                        {Kind::delete_frontend, "a.com", "", ""}},
                       "api 127.0.0.1:9");
    CHECK(heard.last() == Names{"backend:web", "-frontend:a.com", "frontend:b.com"});
    CHECK(heard.item(0).services.at(0).endpoints.size() == 2);
    CHECK(heard.said.back().who == "api 127.0.0.1:9");
    heard.source.apply({{Kind::delete_server, "web", "10.0.0.1:80", ""},
                        {Kind::delete_server, "web", "10.0.0.2:80", ""}},
                       "api");
    CHECK(heard.last() == Names{"-backend:web"});
    heard.source.apply({{Kind::flush, "", "", ""}, {Kind::set_frontend, "z.com", "", "web"}},
                       "api");
    CHECK(heard.last() == Names{"-frontend:b.com", "frontend:z.com"});
    heard.source.apply({{Kind::flush, "", "", ""}}, "api");
    CHECK(heard.last() == Names{"-frontend:z.com"});
    CHECK(heard.source.image() == StoreImage{});
}

TEST_CASE("a frontend with a slash takes the place of the one without, and gives it back",
          "[store]") {
    Heard heard;
    heard.source.replace(image({{"a.com/x", "web"}}), "redis");
    CHECK(heard.item(0).routes.size() == 1);
    heard.source.apply({{Kind::set_frontend, "a.com/x/", "", "other"}}, "api");
    REQUIRE(heard.last() == Names{"frontend:a.com/x", "frontend:a.com/x/"});
    CHECK(heard.item(0).routes.empty());
    CHECK(heard.item(0).rejected.at(0).why == "'a.com/x/' names the same route and wins");
    heard.source.put({{"frontend:a.com/x/", {}}}, "redis");
    REQUIRE(heard.last() == Names{"frontend:a.com/x", "-frontend:a.com/x/"});
    CHECK(heard.item(0).routes.size() == 1);
}

TEST_CASE("a key is what was last read at it, and what says the same is not said again",
          "[store]") {
    Heard heard;
    heard.source.replace({}, "redis");
    heard.source.put({{"frontend:a.com", std::string("web")}, {"backend:web", one_server}},
                     "redis");
    CHECK(heard.last() == Names{"backend:web", "frontend:a.com"});
    const auto count = heard.said.size();
    heard.source.put({{"frontend:a.com", std::string("web")}, {"backend:gone", {}}}, "redis");
    CHECK(heard.said.size() == count);
    heard.source.put({{"frontend:a.com", control::Refusal{"it is a set"}}}, "redis");
    CHECK(heard.item(0).rejected.at(0).why == "it is a set");
    CHECK(heard.item(0).rejected.at(0).origin.place == "frontend:a.com");
    CHECK(heard.source.image().contents.frontends.empty());
    // Written anew through the API, it is a frontend again.
    heard.source.apply({{Kind::set_frontend, "a.com", "", "web"}}, "api");
    CHECK(heard.item(0).rejected.empty());
    CHECK(heard.item(0).routes.size() == 1);
    heard.source.put({{"frontend:a.com", HipacheFrontend{{"http://10.0.0.1:80"}, {}}}}, "redis");
    CHECK(heard.source.image().contents.frontends.empty());
    CHECK(heard.item(0).routes.at(0).service == "hipache:a.com");
    heard.source.put({{"frontend:a.com", {}}}, "redis");
    CHECK(heard.last() == Names{"-frontend:a.com"});
}

TEST_CASE("names that no line can hold are refused, and shown in part", "[store]") {
    Heard heard;
    const std::string huge(1024 * 1024, 'x');
    heard.source.replace(
        image({{"caf\xe9.com", "web"}, {huge, "web"}, {"a.com", huge}, {"b.com", "w\xff"}},
              {{"b\xff", one_server},
               {huge, one_server},
               {"web", {{{huge, "0"}, {"10.0.0.1:80", huge}, {"h\xffst:80", "0"}}, {}}}}),
        "redis");
    std::vector<std::string> reasons;
    for (const auto& entry : heard.said.back().items) {
        for (const auto& rejected : entry.item->rejected) {
            CHECK(rejected.origin.place.size() < 200);
            CHECK(control::is_utf8(rejected.origin.place));
            reasons.push_back(rejected.why.substr(0, 60));
            CHECK(rejected.why.size() < 300);
            CHECK(control::is_utf8(rejected.why));
        }
        CHECK(entry.item->routes.empty());
    }
    CHECK(reasons.size() == 9);
    CHECK(std::count(reasons.begin(), reasons.end(),
                     "the frontend is too long: 1048576 bytes; allowed: at most 20") == 1);
    CHECK(std::count(reasons.begin(), reasons.end(), "the frontend is not UTF-8: 'caf\\xe9.com'") ==
          1);
}

TEST_CASE("text is shown as it is where it is text, in part where it is long", "[store]") {
    CHECK(control::shown("site.com/\xc3\xa9") == "site.com/\xc3\xa9");
    CHECK(control::shown("a\xff\n\x7f") == "a\\xff\\x0a\\x7f");
    CHECK(control::shown("abcdef", 3) == "abc... (6 bytes)");
    CHECK(control::shown("ab\xe2\x82\xac", 4) == "ab... (5 bytes)");  // never half a character
    CHECK(control::shown("") == "");
    CHECK(control::is_utf8("\xf4\x8f\xbf\xbf"));
    CHECK(!control::is_utf8("\xf4\x90\x80\x80"));
    CHECK(!control::is_utf8("\xc0\x80"));
    CHECK(!control::is_utf8("\xed\xa0\x80"));
}

TEST_CASE("a Hipache list is a route with a service of its own", "[store]") {
    Heard heard;
    heard.source.replace({}, "redis");
    const auto read = [&](const std::string& key,
                          HipacheFrontend list) -> const model::SourceItem& {
        heard.source.put({{key, std::move(list)}}, "redis");
        return heard.item(0);
    };
    const auto& item =
        read("frontend:*.Site.com",
             {{"http://10.0.0.1:8080", "http://10.0.0.2/ignored", "ws://10.0.0.3:1",
               "http://10.0.0.1:8080", "https://10.0.0.4", "junk", "http://10.0.0.2"},
              {1, 2}});
    REQUIRE(item.routes.size() == 1);
    CHECK(item.routes[0].host == "*.site.com");
    CHECK(item.routes[0].path.empty());
    CHECK(item.routes[0].service == "hipache:*.site.com");
    CHECK(item.routes[0].origin.place == "frontend:*.Site.com");
    REQUIRE(item.services.size() == 1);
    const auto& endpoints = item.services[0].endpoints;
    REQUIRE(endpoints.size() == 3);
    CHECK(endpoints[0].weight == 2);
    // Dead at one of its places, alive at the other.
    CHECK(endpoints[1].address == model::Address::tcp("10.0.0.2", 80));
    CHECK(endpoints[1].admission == model::Admission::ready);
    CHECK(endpoints[2].admission == model::Admission::unhealthy);
    REQUIRE(item.rejected.size() == 2);
    CHECK(item.rejected[0].origin.place == "frontend:*.Site.com server 4");
    CHECK(item.rejected[0].why ==
          "'https://10.0.0.4' speaks TLS, which Hipache's servers never did; allowed: "
          "http://host:port");
    CHECK(item.rejected[1].why == "'junk' is not a server's URL; allowed: http://host:port");

    CHECK(read("frontend:a.com/path", {{"http://10.0.0.1:80"}, {}}).rejected.size() == 1);
    CHECK(heard.item(0).routes.empty());
    CHECK(read("frontend:*", {{}, {}}).routes.at(0).host == "*");
}
