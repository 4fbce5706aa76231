// What the configuration file says of API routes' plugins and of the fallback: every form, and
// every message with its place.
#include "control/config/config_loader.hpp"

#include <catch2/catch.hpp>

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

std::string plugins_of(const std::string& list) {
    const auto loaded = parse_config("api: {plugins: " + list + "}\n", "f.yaml");
    return loaded.ok() ? to_string(loaded.process.api.plugins)
                       : loaded.problems.front().to_string();
}

}  // namespace

TEST_CASE("a plugin is a name, a name with its parameter, or a pair of both", "[config]") {
    CHECK(to_string(parse_config("", "f.yaml").process.api.plugins) == "random");
    CHECK(plugins_of("[random]") == "random");
    CHECK(plugins_of("[stickiness, random]") == "stickiness(fairlead), random");
    CHECK(plugins_of("[stickiness: sess, random]") == "stickiness(sess), random");
    CHECK(plugins_of("[[stickiness, sess], random]") == "stickiness(sess), random");
    CHECK(plugins_of("[{score: least}, [weighted_score, most], {name: random}]") ==
          "score(least), weighted_score(most), random");
}

TEST_CASE("the fallback is a service of the file", "[config]") {
    const auto loaded =
        parse_config("services: {web: {}}\nfallback: unix:/run/pages.sock\n", "f.yaml");
    REQUIRE(loaded.ok());
    REQUIRE(loaded.desired.services.size() == 2);
    CHECK(!loaded.desired.services[0].is_fallback);
    const auto& fallback = loaded.desired.services[1];
    CHECK(fallback.is_fallback);
    CHECK(fallback.name == "fallback");
    CHECK(fallback.endpoints.front().address == model::Address::unix_socket("/run/pages.sock"));
    CHECK(parse_config("services: {fallback: {}}\n", "f.yaml").ok());
}

TEST_CASE("mistakes in plugins and the fallback are told with their place", "[config]") {
    struct Row {
        std::string_view text;
        Lines expected;
    };
    const Row rows[] = {
        {"fallback: 127.0.0.1:0\n",
         {"f.yaml:1:11: fallback: '127.0.0.1:0' has port 0; allowed: 1 to 65535"}},
        {"services: {fallback: {}}\nfallback: 127.0.0.1:1\n",
         {"f.yaml:2:11: fallback: f.yaml:1:12 defines a service of that name; allowed: one of the "
          "two"}},
        {"fallback: 127.0.0.1:1\nservices: {fallback: {}}\n",
         {"f.yaml:2:12: services.fallback: the key `fallback` defines it; allowed: another name"}},
        {"api: {plugins: []}\n",
         {"f.yaml:1:7: api.plugins: no plugin is named; allowed: one or more"}},
        {"api: {plugins: [least]}\n",
         {"f.yaml:1:17: api.plugins[0]: 'least' is not a plugin; allowed: random, score, "
          "weighted_score, stickiness"}},
        {"api: {plugins: [{score: low}, {score: least, stickiness: x}]}\n",
         {"f.yaml:1:17: api.plugins[0]: 'low' is no parameter of score; allowed: {score: least} or "
          "{score: most}",
          "f.yaml:1:58: api.plugins[1].stickiness: score and stickiness are named in one entry; "
          "allowed: an entry for each plugin"}},
        {"api: {plugins: [[score, least, most]]}\n",
         {"f.yaml:1:17: api.plugins[0]: it must be a value, key: value pairs, or [key, value]"}},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(problems_of(row.text) == row.expected);
    }
}
