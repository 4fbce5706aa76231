// Where settings, rules and the process' own keys are written: what explain and /config tell.
#include "control/config/config_loader.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace fairlead;
using control::parse_config;

TEST_CASE("each setting and rule knows the line it is written in", "[config]") {
    ::setenv("FAIRLEAD_TEST_WORKERS", "3", 1);
    const auto loaded = parse_config(R"(workers: ${FAIRLEAD_TEST_WORKERS}
services:
  web:
    policy: round_robin
    endpoints: [{address: 127.0.0.1:1, weight: 2}]
    timeouts: {connect: 1s, idle: 2s}
  plain: {endpoints: [127.0.0.1:2]}
routes:
  - {host: a.org, service: web}
  - host: b.org
    service: web
    rate_limit: {requests: 5}
    allow: [10.0.0.0/8, 192.168.0.0/16]
discovery:
  docker: {}
)",
                                     "f.yaml");
    REQUIRE(loaded.ok());
    const auto& web = *loaded.desired.services.at(0).settings->origins;
    CHECK(to_string(*web.find("policy")) == "file: f.yaml:4:5");
    CHECK(web.find("timeouts.connect")->place == "f.yaml:6:16");
    CHECK(web.find("timeouts.idle")->place == "f.yaml:6:29");
    CHECK(web.entries().size() == 3);
    const auto& endpoint = loaded.desired.services.at(0).endpoints.at(0);
    CHECK(endpoint.origins->find("weight")->place == "f.yaml:5:40");
    CHECK_FALSE(loaded.desired.services.at(1).settings->origins);
    CHECK_FALSE(loaded.desired.routes.at(0).rules);
    const auto& rules = *loaded.desired.routes.at(1).rules->origins;
    CHECK(rules.find("rate_limit.requests")->place == "f.yaml:12:18");
    CHECK(rules.find("allow[]")->place == "f.yaml:13:13");

    std::string given;
    for (const auto& [key, value, place] : loaded.given)
        given += key + "=" + value + "@" + place + " ";
    CHECK(given == "workers=3@f.yaml:1:1 discovery.docker=@f.yaml:15:3 ");
}
