// What the configuration file says of routes besides host, path and service: what it means, and
// every message with its place.
#include "control/config/config_loader.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using control::parse_config;

namespace {

using Lines = std::vector<std::string>;

Lines problems_of(std::string_view text) {
    Lines lines;
    for (const auto& problem : parse_config(text, "f.yaml").problems)
        lines.push_back(problem.to_string());
    return lines;
}

}  // namespace

TEST_CASE("what a route has besides its service reaches its rules and conditions", "[config]") {
    const auto loaded = parse_config(R"(routes:
  - host: a
    path: /x
    match: {methods: [PUT, GET], headers: {X-V: "2*"}, query: {b: "*", c: ""}}
    split: [{service: w, weight: 9}, {service: v}]
    split_by: cookie:id
    rewrite: {prefix: /, host: "In.test:81"}
    redirect: {scheme: https, status: 302, host: b.test, port: 444, path: /p}
    request_headers: {set: {A: b}, remove: [C]}
    response_headers: {add: {D: e}}
    rate_limit: {requests: 5, per: 1m, burst: 7, by: header:X-Key}
    allow: [10.0.0.0/8]
    deny: [10.1.0.0/16]
  - {host: a, path: /x, service: w, rate_limit: {requests: 5}, redirect: https}
)",
                                     "f.yaml");
    for (const auto& problem : loaded.problems) UNSCOPED_INFO(problem.to_string());
    REQUIRE(loaded.ok());
    const auto& route = loaded.desired.routes[0];
    CHECK(conditions_text(route) == "GET, PUT; header x-v=2*; query b; query c=");
    const auto& rules = *route.rules;
    CHECK(rules.split.shares == std::vector<model::Share>{{"v", 1}, {"w", 9}});
    CHECK(to_string(rules.split) == "cookie:id");
    CHECK(rules.rewrite == model::Rewrite{"", "in.test:81"});
    REQUIRE(rules.redirect);
    CHECK(*rules.redirect == model::Redirect{302, "https", "b.test", 444, "/p"});
    CHECK(rules.request_fields.added() == "A: b\r\n");
    CHECK(rules.request_fields.removed() == std::vector<std::string>{"a", "c"});
    CHECK(rules.response_fields.added() == "D: e\r\n");
    CHECK(rules.rate_limit == model::RateLimit{5, 60s, 7, "x-key"});
    CHECK(rules.access.text() == "deny 10.1.0.0/16, allow 10.0.0.0/8");
    CHECK(loaded.desired.routes[1].rules->rate_limit == model::RateLimit{5, 1s, 5, ""});
    CHECK(destination_text(loaded.desired.routes[1]) == "w, redirect https");
}

TEST_CASE("each mistake in a route is told with its place", "[config]") {
    struct Row {
        std::string text;
        Lines expected;
    };
    const Row rows[] = {
        {"routes: [{host: a, service: w, split: [{service: v}]}]\n",
         {"f.yaml:1:10: routes[0]: it has both service and split; allowed: one of them"}},
        {"routes:\n- {host: a, service: w, match: {methods: [GET, PUT], headers: {X: '1'}}}\n"
         "- {host: a, service: v, match: {headers: {x: '1'}, methods: [PUT, GET]}}\n",
         {"f.yaml:3:3: routes[1]: the route at f.yaml:2:3 has the same host, path and "
          "conditions"}},
        {"routes: [{host: a, service: w, match: {methods: ['A B']}}]\n",
         {"f.yaml:1:50: routes[0].match.methods[0]: 'A B' is not a method; allowed: a method's "
          "name, as GET"}},
        {"routes: [{host: a, service: w, request_headers: {set: {Host: b}}}]\n",
         {"f.yaml:1:62: routes[0].request_headers.set.Host: Host is not edited as a header; "
          "allowed: rewrite.host"}},
        {"routes: [{host: a, service: w, response_headers: {remove: [content-length]}}]\n",
         {"f.yaml:1:60: routes[0].response_headers.remove[0]: content-length frames messages or "
          "belongs to one connection; allowed: headers that pass from end to end"}},
        {"routes: [{host: a, redirect: ftp}]\n",
         {"f.yaml:1:30: routes[0].redirect: 'ftp' is not known; allowed: https, http"}},
        {"routes: [{host: a, redirect: {status: 303}}]\n",
         {"f.yaml:1:39: routes[0].redirect.status: '303' is not known; allowed: 301, 302, 307, "
          "308"}},
        {"routes: [{host: a, redirect: {status: 301}}]\n",
         {"f.yaml:1:10: routes[0]: its redirect leads nowhere; allowed: one or more of scheme, "
          "host, port and path, or a rewrite.prefix"}},
        {"routes: [{host: a, redirect: {path: //b}}]\n",
         {"f.yaml:1:37: routes[0].redirect.path: '//b' is not a path; allowed: /path of visible "
          "ASCII, without ? and #"}},
        {"routes: [{host: a, service: w, redirect: https, rewrite: {prefix: /b}}]\n",
         {"f.yaml:1:10: routes[0]: its rewrite.prefix changes where its redirect leads, so service "
          "is never reached; allowed: one of the three"}},
        {"routes: [{host: a, service: w, match: {methods: []}}]\n",
         {"f.yaml:1:40: routes[0].match.methods: it names no method; allowed: one or more, or no "
          "such key"}},
        {"routes: [{host: a, path: /%zz, service: w}]\n",
         {"f.yaml:1:26: routes[0].path: '/%zz' is not a route's path: it has a space, ?, #, a bad "
          "%, or bytes that are not visible ASCII; allowed: /, or /segment/segment"}},
        {"routes: [{host: a, split: [{service: w, weight: 0}]}]\n",
         {"f.yaml:1:20: routes[0].split: no share has a weight; allowed: one or more above 0"}},
        {"routes: [{host: a, split: [{service: w}, {service: w}]}]\n",
         {"f.yaml:1:20: routes[0].split: 'w' is named twice"}},
        {"routes: [{host: a, split: [{service: w}], split_by: ip}]\n",
         {"f.yaml:1:53: routes[0].split_by: 'ip' is not what a split can go by; allowed: request, "
          "client_ip or cookie:NAME"}},
        {"routes: [{host: a, service: w, rate_limit: {per: 1s}}]\n",
         {"f.yaml:1:32: routes[0].rate_limit.requests: it is missing; allowed: 1 to 1000000"}},
        {"routes: [{host: a, service: w, rate_limit: {requests: 1, per: 1h, burst: 100}}]\n",
         {"f.yaml:1:32: routes[0].rate_limit: a burst of 100 takes more than a day to fill; "
          "allowed: less"}},
        {"routes: [{host: a, service: w, allow: [here]}]\n",
         {"f.yaml:1:40: routes[0].allow[0]: 'here' is not an IP address; allowed: an address or a "
          "range as 10.0.0.0/8"}},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(problems_of(row.text) == row.expected);
    }
}

TEST_CASE("the examples in the documentation are good files", "[config][docs]") {
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/configuration.md");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::string_view begin = "```yaml\n";
    int examples = 0;
    for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
        at += begin.size();
        const auto example = text.substr(at, text.find("```", at) - at);
        // The first takes a password from the environment.
        if (example.find("${") != std::string::npos) continue;
        INFO(example);
        CHECK(problems_of(example) == Lines{});
        ++examples;
    }
    CHECK(examples >= 2);
}
