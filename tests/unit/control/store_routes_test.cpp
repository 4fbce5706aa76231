// What each form of a Redx key becomes: a route, an endpoint, or a refusal with its reason.
#include "control/store/store_routes.hpp"

#include "control/store/store_source.hpp"
#include "tests/support/source_states.hpp"
#include "tests/unit/model/table_of.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using control::Backend;
using control::StoreContents;

namespace {

model::SourceState routes_of(const StoreContents& contents, const control::KeyRules& rules) {
    test::SourceStates said;
    model::SourceState state;
    control::StoreSource source(rules);
    source.start([&](model::SourceChange change) { state = said.after(std::move(change)); }, "");
    source.replace({contents, {}, {}}, "test");
    return state;
}

/// "host path -> service" for each route, then "place: why" for each refusal.
std::vector<std::string> lines_of(const model::SourceState& state) {
    std::vector<std::string> lines;
    for (const auto& route : state.routes) {
        lines.push_back(route.host + " " + route.path + " -> " + route.service);
    }
    for (const auto& entry : state.rejected) lines.push_back(entry.origin.place + ": " + entry.why);
    return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a frontend is a route or a refusal with its reason", "[store_routes]") {
    struct Row {
        std::string_view url;
        std::string_view expected;
    };
    const Row rows[] = {
        {"site.com", "site.com  -> web"},
        {"site.com/a/", "site.com /a -> web"},
        {"site.com/a", "site.com /a -> web"},
        {"site.com/a%2Fb/", "site.com /a%2Fb -> web"},
        {"10.0.0.1/a/", "10.0.0.1 /a -> web"},
        {"site.com/",
         "frontend:site.com/: a frontend without a path has no trailing slash; allowed: "
         "'site.com'"},
        {"Site.com",
         "frontend:Site.com: the host has upper case letters and so never matches; allowed: "
         "'site.com'"},
        {"site.com:80",
         "frontend:site.com:80: 'site.com:80' is not a route's host: it has a port or a scheme; "
         "allowed: a host name, "
         "*.suffix or *"},
        {"http://site.com",
         "frontend:http://site.com: 'http:' is not a route's host: it has a port or a scheme; "
         "allowed: a host name, "
         "*.suffix or *"},
        {"",
         "frontend:: '' is not a route's host: it is empty; allowed: a host name, *.suffix or *"},
        {"site.com.",
         "frontend:site.com.: the host ends with a dot and so never matches; allowed: 'site.com'"},
        {"*", "frontend:*: '*' is a wildcard, which frontends cannot have; allowed: a host name"},
        {"*.site.com",
         "frontend:*.site.com: '*.site.com' is a wildcard, which frontends cannot have; allowed: a "
         "host name"},
        {"site.com/a//b/",
         "frontend:site.com/a//b/: the path has empty segments and so never matches; allowed: "
         "'site.com/a/b/'"},
        {"site.com/a/b/c/",
         "frontend:site.com/a/b/c/: the path has 3 segments and so never matches; allowed: at most "
         "2 "
         "(api.max_path_length)"},
    };
    for (const auto& row : rows) {
        INFO(row.url);
        StoreContents contents;
        contents.frontends[std::string(row.url)] = "web";
        CHECK(lines_of(routes_of(contents, 2U)) == Lines{std::string(row.expected)});
    }
}

TEST_CASE("of two keys for one route the one with the slash wins and the other is listed",
          "[store_routes]") {
    StoreContents contents;
    contents.frontends = {{"site.com/a", "one"}, {"site.com/a/", "two"}, {"site.com", "three"}};
    CHECK(lines_of(routes_of(contents, 1U)) ==
          Lines{"site.com  -> three", "site.com /a -> two",
                "frontend:site.com/a: 'site.com/a/' names the same route and wins"});
}

TEST_CASE("max_path_length 0 leaves host routes only", "[store_routes]") {
    StoreContents contents;
    contents.frontends = {{"site.com", "one"}, {"site.com/a/", "two"}};
    const auto state = routes_of(contents, 0U);
    CHECK(state.routes.size() == 1);
    CHECK(state.rejected.size() == 1);
}

TEST_CASE("requests find their frontend as in Redx", "[store_routes]") {
    struct Row {
        unsigned max_path_length;
        std::string_view host;
        std::string_view path;
        std::string_view frontend;  // "": none
    };
    StoreContents contents;
    for (const auto* const url :
         {"site.com", "site.com/a/", "site.com/noslash", "slash.com/", "deep.com/a/b/"})
        contents.frontends[url] = "web";
    const Row rows[] = {
        {1, "site.com", "/", "site.com"},
        {1, "site.com", "/zzz", "site.com"},
        {1, "site.com", "/A/", "site.com"},
        {1, "site.com", "/a%2Fb/", "site.com"},
        {1, "site.com", "/%61/", "site.com"},
        {1, "site.com", "/a", "site.com/a/"},
        {1, "site.com", "/a/", "site.com/a/"},
        {1, "site.com", "/a/b/c", "site.com/a/"},
        {1, "site.com", "//a//b", "site.com/a/"},
        // Redx stores it and never matches it: here both forms match.
        {1, "site.com", "/noslash", "site.com/noslash"},
        {1, "site.com", "/noslash/x", "site.com/noslash"},
        {1, "slash.com", "/", ""},
        {1, "other.com", "/a/", ""},
        {1, "deep.com", "/a/b/c", ""},
        {0, "site.com", "/a/", "site.com"},
        {0, "site.com", "/", "site.com"},
        {3, "deep.com", "/a/b/c", "deep.com/a/b/"},
        {3, "deep.com", "/a/b", "deep.com/a/b/"},
        {3, "deep.com", "/a", ""},
        {3, "site.com", "/a/b/c", "site.com/a/"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.max_path_length, row.host, row.path);
        const auto table = test::table_of(routes_of(contents, row.max_path_length).routes);
        const auto* const entry = table.find(row.host, row.path);
        CHECK((entry == nullptr ? "" : frontend_name(entry->route)) == row.frontend);
    }
}

TEST_CASE("a server is an endpoint or a refusal, and its neighbours go on", "[store_routes]") {
    StoreContents contents;
    contents.backends["web"] = Backend{{{"10.0.0.1:8080", "0"},
                                        {"10.0.0.2", "1.5"},
                                        {"App.internal:81", "-3"},
                                        {"[::1]:82", "0"},
                                        {"10.0.0.3:80/fixed?a=1", "0"},
                                        {"10.0.0.3:80/other/", "0"},
                                        {"10.0.0.3:80/sp ace", "0"},
                                        {"fallback", "0"},
                                        {"unix:/run/x", "0"},
                                        {"10.0.0.4:x", "0"},
                                        {"10.0.0.4:0", "0"},
                                        {"10.0.0.5", "high"},
                                        {"10.0.0.2:80", "0"},
                                        {"", "0"}},
                                       {}};
    contents.backends["empty"].config["x"] = "y";
    contents.backends["a b"].servers = {{"10.0.0.9:1", "0"}};
    contents.frontends["x.com"] = "a b";
    const auto state = routes_of(contents, 1U);

    REQUIRE(state.services.size() == 2);
    CHECK(state.services[0].name == "empty");
    CHECK(state.services[0].endpoints.empty());
    const auto& web = state.services[1];
    CHECK(!web.settings);
    CHECK(model::to_string(web.origin) == "store: backend:web");
    std::vector<std::string> addresses;
    std::vector<std::string> identities;
    std::vector<double> scores;
    for (const auto& endpoint : web.endpoints) {
        addresses.push_back(model::to_string(endpoint.address));
        CHECK(endpoint.weight == 1);
        REQUIRE(endpoint.stored);
        scores.push_back(endpoint.stored->score);
        identities.push_back(endpoint.identity);
        CHECK(endpoint.stored->cookie.empty());
        CHECK(endpoint.stored->is_fallback == (endpoint.identity == "fallback"));
    }
    CHECK(addresses == Lines{"10.0.0.1:8080", "10.0.0.2:80", "app.internal:81", "[::1]:82",
                             "10.0.0.3:80", "10.0.0.3:80", "fallback:80", "10.0.0.5:80"});
    CHECK(identities == Lines{"10.0.0.1:8080", "10.0.0.2:80", "app.internal:81", "[::1]:82",
                              "10.0.0.3:80/fixed?a=1", "10.0.0.3:80/other/", "fallback",
                              "10.0.0.5:80"});
    CHECK(scores == std::vector<double>{0, 1.5, -3, 0, 0, 0, 0, 0});
    CHECK(web.endpoints[4].stored->target == "/fixed?a=1");
    CHECK(web.endpoints[2].stored->text == "App.internal:81");
    CHECK(lines_of(state) ==
          Lines{
              "backend:a b: 'a b' is not a service name: it has a space or control character; "
              "allowed: 1 to 200 "
              "characters without spaces and control characters",
              "backend:web server 10.0.0.3:80/sp ace: the path of '10.0.0.3:80/sp ace' has a "
              "space, a control character, # or non-ASCII bytes",
              "backend:web server unix:/run/x: 'unix:/run/x' is not a server's address; allowed: "
              "host, host:port or [v6]:port, with or without a path",
              "backend:web server 10.0.0.4:x: '10.0.0.4:x' is not a server's address; allowed: "
              "host, host:port or "
              "[v6]:port, with or without a path",
              "backend:web server 10.0.0.4:0: '10.0.0.4:0' has port 0; allowed: 1 to 65535",
              "backend:web server 10.0.0.5: its score 'high' is not a number and "
              "counts as 0",
              "backend:web server 10.0.0.2:80: the backend has 10.0.0.2:80 already",
              "backend:web server : '' is not a server's address; allowed: host, host:port or "
              "[v6]:port, with or without a path",
              "frontend:x.com: its backend's name: 'a b' is not a service name: it has a space or "
              "control character; "
              "allowed: 1 to 200 characters without spaces and control characters",
          });
}

TEST_CASE("a backend has everybody's plugins and its own max_score", "[store_routes]") {
    model::ApiSettings api;
    api.plugins.plugins = {{"stickiness", "sess"}, {"weighted_score", "least"}};
    StoreContents contents;
    contents.backends["plain"] = Backend{{{"10.0.0.1:80/x", "1"}}, {}};
    contents.backends["most"] = Backend{{{"10.0.0.2:80", "1"}}, {{"max_score", "99.5"}}};
    contents.backends["wrong"] = Backend{{{"10.0.0.3:80", "1"}}, {{"max_score", "lots"}}};
    const auto state = routes_of(contents, api);
    REQUIRE(state.services.size() == 3);
    const auto& most = state.services[0];
    const auto& plain = state.services[1];
    CHECK(*plain.plugins == api.plugins);
    CHECK(plain.endpoints[0].stored->cookie == model::sticky_cookie("10.0.0.1:80"));
    CHECK(most.plugins->plugins == api.plugins.plugins);
    CHECK(most.plugins->max_score == 99.5);
    CHECK(*state.services[2].plugins == api.plugins);
    CHECK(lines_of(state) == Lines{"backend:wrong config max_score: 'lots' is not a number"});
}
