#include "discovery/docker_labels.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::discovery;
using model::Admission;

namespace {

ContainerFacts web(Labels labels) {
    ContainerFacts facts;
    facts.id = std::string(64, 'a');
    facts.name = "web-1";
    facts.image = "registry:5000/team/web:1.2";
    facts.labels = std::move(labels);
    facts.started = "2026-11-21T03:31:08.932490991Z";
    facts.run = ContainerFacts::Run::running;
    facts.exposed = {80};
    facts.published = {{80, "127.0.0.1", 32768}};
    facts.addresses = {"172.17.0.2"};
    return facts;
}

Checked<> only_p2c(std::string_view name) {
    if (name != "p2c") return problem("'{}' is not a policy; allowed: p2c", name);
    return {};
}

ContainerPlan plan(const ContainerFacts& facts) {
    LabelRules rules;
    rules.check_policy = only_p2c;
    return plan_container(facts, admission_of(facts), rules);
}
ContainerPlan plan(Labels labels) {
    return plan(web(std::move(labels)));
}

std::string routes_of(const ContainerPlan& plan) {
    std::string text;
    for (const auto& route : plan.routes) {
        text += (text.empty() ? "" : " ") + route.host + route.path + ">" + route.service;
    }
    return text;
}

}  // namespace

TEST_CASE("a container with a host is a service, an endpoint and a route", "[labels]") {
    const auto got = plan(Labels{{"fairlead.host", "www.example.org"}});
    CHECK(got.rejected.empty());
    REQUIRE(got.services.size() == 1);
    CHECK(got.services[0].name == "web");
    CHECK_FALSE(got.services[0].settings);
    REQUIRE(got.services[0].endpoints.size() == 1);
    const auto& endpoint = got.services[0].endpoints[0];
    CHECK(endpoint.address == model::Address::tcp("127.0.0.1", 32768));
    CHECK(endpoint.identity == std::string(64, 'a') + "@2026-11-21T03:31:08.932490991Z:80");
    CHECK(endpoint.weight == 1);
    CHECK(endpoint.admission == Admission::ready);
    CHECK(endpoint.origin.place == "container web-1 (aaaaaaaaaaaa)");
    CHECK(routes_of(got) == "www.example.org>web");
}

TEST_CASE("labels say which routes there are", "[labels]") {
    struct Row {
        Labels labels;
        std::string routes;
    };
    const Row rows[] = {
        {{{"fairlead.host", "A.org, *.b.org ,*"}}, "a.org>web *.b.org>web *>web"},
        {{{"fairlead.host", "a.org"}, {"fairlead.path", "/api/"}}, "a.org/api>web"},
        {{{"fairlead.path", "/api"}}, "*/api>web"},
        {{{"fairlead.path", "/"}}, "*>web"},
        {{{"fairlead.port", "80"}}, ""},
        {{{"fairlead.host", "a.org,a.org"}}, "a.org>web"},
        {{{"Fairlead.HOST", "a.org"}}, "a.org>web"},
        {{{"fairlead.host", "a.org"}, {"fairlead.service", "shop"}}, "a.org>shop"},
        {{{"fairlead.host", "a.org"}, {"com.docker.compose.service", "front"}}, "a.org>front"},
        {{{"fairlead.host", "a.org"}, {"com.amazonaws.ecs.task-definition-family", "family"}},
         "a.org>family"},
        {{{"fairlead.host", "a.org"},
          {"com.docker.compose.service", "front"},
          {"com.amazonaws.ecs.task-definition-family", "family"}},
         "a.org>front"},
        {{{"fairlead.host", "a.org"}, {"fairlead.enable", "true"}}, "a.org>web"},
        {{{"fairlead.Api.host", "a.org"}, {"fairlead.admin.host", "b.org"}},
         "a.org>Api b.org>admin"},
        {{{"fairlead.my.api.host", "a.org"}, {"fairlead.my.api.path", "/x"}}, "a.org/x>my.api"},
        {{{"fairlead.host", "a.org"}, {"fairlead.admin.host", "b.org"}}, "a.org>web b.org>admin"},
    };
    for (const auto& row : rows) {
        const auto got = plan(row.labels);
        CAPTURE(row.labels);
        CHECK(got.rejected.empty());
        CHECK(routes_of(got) == row.routes);
    }
}

TEST_CASE("containers that do not ask for it take no part", "[labels]") {
    const Labels rows[] = {
        {},
        {{"fairlead.enable", "true"}},
        {{"fairlead.enable", "false"}, {"fairlead.host", "a.org"}},
        {{"fairlead.enable", " False"}, {"fairlead.nonsense", "a.org"}},
        {{"fairleads.host", "a.org"}},
        {{"traefik.enable", "true"}},
        {{"fairlead.host", "a.org"}, {"com.amazonaws.ecs.container-name", "~internal~ecs~pause"}},
    };
    for (const auto& labels : rows) {
        CAPTURE(labels);
        const auto got = plan(labels);
        CHECK(got.services.empty());
        CHECK(got.routes.empty());
        CHECK(got.rejected.empty());
    }
}

TEST_CASE("service settings follow their labels", "[labels]") {
    const auto got = plan(Labels{{"fairlead.host", "a.org"},
                                 {"fairlead.weight", "7"},
                                 {"fairlead.policy", "p2c"},
                                 {"fairlead.timeouts.connect", "250ms"},
                                 {"fairlead.timeouts.first_byte", "10s"},
                                 {"fairlead.timeouts.idle", "5m"},
                                 {"fairlead.timeouts.total", "0s"},
                                 {"fairlead.retries.attempts", "3"},
                                 {"fairlead.outlier.base_ejection", "10s"},
                                 {"fairlead.drain", "1h"}});
    CHECK(got.rejected.empty());
    REQUIRE(got.services.size() == 1);
    CHECK(got.services[0].endpoints.at(0).weight == 7);
    CHECK(got.services[0].endpoints.at(0).origins->find("weight")->place ==
          "container web-1 (aaaaaaaaaaaa) label fairlead.weight");
    model::ServiceSettings expected;
    expected.timeouts.connect = 250ms;
    expected.timeouts.first_byte = 10s;
    expected.timeouts.idle = 300s;
    expected.timeouts.total = 0s;
    expected.attempts = 3;
    expected.ejection = 10s;
    expected.drain = std::chrono::hours(1);
    REQUIRE(got.services[0].settings);
    auto settings = *got.services[0].settings;
    const auto origins = std::exchange(settings.origins, {});
    CHECK(settings == expected);
    REQUIRE(origins);
    CHECK(origins->find("timeouts.connect")->place ==
          "container web-1 (aaaaaaaaaaaa) label fairlead.timeouts.connect");
    CHECK_FALSE(origins->find("tls.verify"));
}

TEST_CASE("a route's origin is the label that asks for it", "[labels]") {
    const auto by_host = plan(Labels{{"fairlead.Host", "a.org"}, {"fairlead.path", "/x"}});
    CHECK(by_host.routes.at(0).origin.place ==
          "container web-1 (aaaaaaaaaaaa) label fairlead.Host");
    const auto by_path = plan(Labels{{"fairlead.api.path", "/x"}});
    CHECK(by_path.routes.at(0).origin.place ==
          "container web-1 (aaaaaaaaaaaa) label fairlead.api.path");
}

TEST_CASE("each service of one container has its own port and settings", "[labels]") {
    auto facts = web({{"fairlead.api.host", "a.org"},
                      {"fairlead.api.port", "8080"},
                      {"fairlead.api.drain", "1s"},
                      {"fairlead.metrics.port", "9090"},
                      {"fairlead.metrics.weight", "1000"}});
    facts.exposed = {8080, 9090};
    facts.published = {{8080, "0.0.0.0", 1}, {9090, "0.0.0.0", 2}};
    const auto got = plan(facts);
    CHECK(got.rejected.empty());
    REQUIRE(got.services.size() == 2);
    CHECK(got.services[0].name == "api");
    CHECK(got.services[0].settings->drain == 1s);
    CHECK(got.services[0].endpoints.at(0).address.port == 1);
    CHECK(got.services[1].name == "metrics");
    CHECK_FALSE(got.services[1].settings);
    CHECK(got.services[1].endpoints.at(0).address.port == 2);
    CHECK(got.services[1].endpoints.at(0).weight == 1000);
}

TEST_CASE("a wrong label quarantines its container and says what is allowed", "[labels]") {
    struct Row {
        std::string label, value, why;
    };
    const Row rows[] = {
        {"fairlead.host", "http://a.org", "port or a scheme"},
        {"fairlead.host", " , ", "names no host"},
        {"fairlead.host", "", "names no host"},
        {"fairlead.path", "api", "does not start with /"},
        {"fairlead.service", "a b", "not a service name"},
        {"fairlead.port", "0", "from 1 to 65535"},
        {"fairlead.port", "80x", "from 1 to 65535"},
        {"fairlead.port", "65536", "from 1 to 65535"},
        {"fairlead.port", "81", "port 81 of the container is not published; published are 80"},
        {"fairlead.weight", "0", "from 1 to 1000"},
        {"fairlead.weight", "1001", "from 1 to 1000"},
        {"fairlead.weight", "-1", "from 1 to 1000"},
        {"fairlead.policy", "best", "allowed: p2c"},
        {"fairlead.timeouts.connect", "3", "not a duration"},
        {"fairlead.timeouts.connect", "0s", "allowed: 1ms and more"},
        {"fairlead.retries.attempts", "0", "from 1 to 10"},
        {"fairlead.drain", "soon", "not a duration"},
        {"fairlead.enable", "maybe", "allowed: true, false"},
        {"fairlead.prot", "80", "'prot' is not a known key; allowed: enable, host, path"},
        {"fairlead.web.service", "x", "is not a known key"},
        {"fairlead.sticky.cookie", "c", "'sticky.cookie' is not supported by this version"},
        {"fairlead.health.path", "/", "'health.path' is not supported by this version"},
        {"fairlead.health.port", "1", "'health.port' is not a known key"},
        {"fairlead.slow_start", "3s", "'slow_start' is not supported by this version"},
        {"fairlead.api.hash_on", "path", "'hash_on' is not supported by this version"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.label, row.value);
        Labels labels{{"fairlead.host", "ok.org"}};
        labels[row.label] = row.value;
        const auto got = plan(labels);
        CHECK(got.services.empty());
        CHECK(got.routes.empty());
        REQUIRE(got.rejected.size() >= 1);
        CHECK(got.rejected[0].origin.place == "container web-1 (aaaaaaaaaaaa) label " + row.label);
        CHECK_THAT(got.rejected[0].why, Catch::Contains(row.why));
    }
}

TEST_CASE("every wrong label of a container is listed", "[labels]") {
    const auto got =
        plan(Labels{{"fairlead.path", "x"}, {"fairlead.port", "y"}, {"fairlead.weight", "z"}});
    CHECK(got.rejected.size() == 3);
}

TEST_CASE("without a label the port is the only one there is", "[labels]") {
    auto facts = web({{"fairlead.host", "a.org"}});

    facts.exposed = {80, 443};
    CHECK(plan(facts).services.at(0).endpoints.at(0).address.port == 32768);

    facts.published.push_back({443, "0.0.0.0", 32769});
    REQUIRE(plan(facts).rejected.size() == 1);
    CHECK_THAT(plan(facts).rejected[0].why, Catch::Contains("allowed: one of 80, 443"));

    facts.exposed.clear();
    facts.published.clear();
    REQUIRE(plan(facts).rejected.size() == 1);
    CHECK_THAT(plan(facts).rejected[0].why, Catch::Contains("exposes no TCP port"));
    CHECK_THAT(plan(facts).rejected[0].origin.place, Catch::EndsWith("label fairlead.port"));
}

TEST_CASE("a published port is reached where it is published", "[labels]") {
    using Ports = std::vector<PublishedPort>;
    struct Row {
        Ports ports;
        std::string address;
    };
    const Row rows[] = {
        {{{80, "127.0.0.1", 5}}, "127.0.0.1:5"},
        {{{80, "0.0.0.0", 5}}, "127.0.0.1:5"},
        {{{80, "", 5}}, "127.0.0.1:5"},
        {{{80, "::", 6}, {80, "0.0.0.0", 5}}, "127.0.0.1:5"},
        {{{80, "::", 6}}, "[::1]:6"},
        {{{80, "127.0.0.9", 5}, {81, "127.0.0.1", 6}}, "127.0.0.9:5"},
    };
    for (const auto& row : rows) {
        auto facts = web({{"fairlead.host", "a.org"}});
        facts.published = row.ports;
        CAPTURE(row.address);
        CHECK(to_string(plan(facts).services.at(0).endpoints.at(0).address) == row.address);
    }
    auto facts = web({{"fairlead.host", "a.org"}});
    facts.published.clear();
    REQUIRE(plan(facts).rejected.size() == 1);
    CHECK(plan(facts).rejected[0].why ==
          "port 80 of the container is not published; publish it, as in -p 127.0.0.1::80");
}

TEST_CASE("container addressing takes the container's own address", "[labels]") {
    LabelRules rules;
    rules.addressing = model::DockerSettings::Addressing::container;
    auto facts = web({{"fairlead.host", "a.org"}});
    auto got = plan_container(facts, Admission::ready, rules);
    CHECK(to_string(got.services.at(0).endpoints.at(0).address) == "172.17.0.2:80");

    facts.addresses.clear();
    got = plan_container(facts, Admission::ready, rules);
    REQUIRE(got.rejected.size() == 1);

    facts.is_host_network = true;
    for (const auto addressing : {model::DockerSettings::Addressing::container,
                                  model::DockerSettings::Addressing::published}) {
        rules.addressing = addressing;
        got = plan_container(facts, Admission::ready, rules);
        CHECK(to_string(got.services.at(0).endpoints.at(0).address) == "127.0.0.1:80");
    }
}

TEST_CASE("the service's default name is the image's, without registry and tag", "[labels]") {
    const std::pair<std::string, std::string> rows[] = {
        {"web", "web"},
        {"web:1", "web"},
        {"team/web@sha256:0123", "web"},
        {"localhost:5000/a/b/web:1@sha256:0123", "web"},
        {"localhost:5000/web", "web"},
    };
    for (const auto& [image, name] : rows) {
        auto facts = web({{"fairlead.host", "a.org"}});
        facts.image = image;
        CAPTURE(image);
        CHECK(plan(facts).services.at(0).name == name);
    }
    auto facts = web({{"fairlead.host", "a.org"}});
    facts.image = "sha256:0123456789";
    REQUIRE(plan(facts).rejected.size() == 1);
    CHECK_THAT(plan(facts).rejected[0].origin.place, Catch::EndsWith("label fairlead.service"));
}

TEST_CASE("the container's state decides whether its endpoint takes requests", "[labels]") {
    using Run = ContainerFacts::Run;
    using Health = ContainerFacts::Health;
    struct Row {
        Run run;
        Health health;
        Admission admission;
    };
    const Row rows[] = {
        {Run::running, Health::none, Admission::ready},
        {Run::running, Health::healthy, Admission::ready},
        {Run::running, Health::starting, Admission::starting},
        {Run::running, Health::unhealthy, Admission::unhealthy},
        {Run::paused, Health::healthy, Admission::paused},
    };
    for (const auto& row : rows) {
        auto facts = web({{"fairlead.host", "a.org"}});
        facts.run = row.run;
        facts.health = row.health;
        CHECK(plan(facts).services.at(0).endpoints.at(0).admission == row.admission);
    }
}

TEST_CASE("a container that is not running keeps its routes and has no endpoint", "[labels]") {
    auto facts = web({{"fairlead.host", "a.org"}});
    facts.run = ContainerFacts::Run::stopped;
    facts.published.clear();
    const auto got = plan(facts);
    CHECK(got.rejected.empty());
    CHECK(got.services.at(0).endpoints.empty());
    CHECK(routes_of(got) == "a.org>web");
}
