// What the admin endpoint explains: a request's way, a file's changes, the journal, every setting.
#include "control/admin/explain_text.hpp"
#include "control/admin/question_text.hpp"
#include "control/config/config_schema.hpp"
#include "control/config/setting_values.hpp"
#include "tests/unit/control/admin_stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::control;
using model::SourceKind;
using test::json_of;
using test::request;
using Stage = test::AdminStage;

TEST_CASE("/explain tells the route, the losers and who may be picked", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    stage.first_endpoint().eject_until(Clock::now() + 1h, Reason::upstream_reset);
    auto asked = request("/explain");
    asked.query = "url=http%3A%2F%2Fa.test%2Fx&header=X-A%3A%201&header=X-B:2";
    const auto reply = stage.admin.handle(asked);
    REQUIRE(reply.status == 200);
    const auto page = json_of(reply);
    CHECK(page.at("answer").at("by") == "endpoint");
    CHECK(page.at("route").at("origin").at("place") == "f.yaml:1:1");
    CHECK(page.at("routes").at(0).at("verdict") == "chosen");
    CHECK(page.at("losers").at(0).at("why") == "file: f.yaml:1:1 names the same host and path");
    const auto& web = page.at("services").at(0);
    CHECK(web.at("settings").at(0).at("origin") == "default");
    const auto& first = web.at("endpoints").at(0);
    CHECK(first.at("state") == "ejected");
    CHECK(first.at("ejected_for") == "upstream_reset");
    CHECK(first.as_object().contains("ejected_until"));
    // The other one is draining: an ejected one is better than none.
    CHECK(first.at("can_be_picked") == true);
    CHECK(web.at("endpoints").at(1).at("can_be_picked") == false);

    const auto text = explain_text(reply.body);
    REQUIRE(text.has_value());
    CHECK_THAT(*text, Catch::StartsWith("GET http://a.test/x  (snapshot 1)\nan endpoint answers\n"
                                        "route       a.test / -> web  (file: f.yaml:1:1)\n"));
    CHECK_THAT(*text, Catch::Contains("ejected for upstream_reset until 20"));
    CHECK_THAT(*text, Catch::Contains("web      policy                 p2c    default"));

    asked.query = "url=a.test";
    CHECK(stage.admin.handle(asked).status == 400);
    asked.query = "";
    CHECK(stage.admin.handle(asked).status == 400);
    asked.query = "url=http://a.test&client=nobody";
    CHECK(stage.admin.handle(asked).status == 400);
}

TEST_CASE("/diff tells what a file would change, and changes nothing", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    auto asked = request("/diff", "POST");
    asked.query = "file=new.yaml";
    asked.body = R"(
services: {web: {drain: 1s, endpoints: ["127.0.0.1:9"]}}
routes:
  - {host: b.test, path: /x, service: web}
limits: {headers: 10}
)";
    const auto before = stage.admin.handle(request("/routes")).body;
    const auto reply = stage.admin.handle(asked);
    REQUIRE(reply.status == 200);
    const auto text = diff_text(reply.body);
    REQUIRE(text.has_value());
    CHECK_FALSE(is_same(reply.body));
    // The file's route of a.test goes, and the container's takes over.
    CHECK_THAT(*text, Catch::Contains("route.changed    a.test/          web -> other"));
    CHECK_THAT(*text, Catch::Contains("route.changed    b.test/x         nowhere -> web"));
    CHECK_THAT(*text, Catch::Contains("web drain        30s -> 1s"));
    CHECK_THAT(*text, Catch::Contains("file: new.yaml:2:18"));
    CHECK_THAT(*text, Catch::Contains("endpoint.added   web 127.0.0.1:9  - -> weight 1, ready"));
    CHECK_THAT(*text, Catch::Contains("setting.changed  limits.headers"));
    CHECK_THAT(*text, Catch::Contains("needs a restart: limits\n"));
    CHECK(stage.admin.handle(request("/routes")).body == before);
    CHECK(stage.admin.handle(asked).body == reply.body);

    asked.body = "routes: 7";
    const auto bad = stage.admin.handle(asked);
    CHECK(bad.status == 400);
    CHECK_THAT(std::string(json_of(bad).at("error").as_string()),
               Catch::StartsWith("new.yaml:1:9: routes: "));
}

TEST_CASE("/diff names the routes that would lose to the file's", "[admin]") {
    Stage stage;
    model::SourceState found;
    found.kind = SourceKind::docker;
    found.routes.push_back({"a.test", "", "other", {SourceKind::docker, "container one"}});
    stage.reconciler.accept(model::whole_change(found, "docker"));  // not applied yet
    auto asked = request("/diff", "POST");
    asked.body = "services: {web: {}}\nroutes: [{host: a.test, service: web}]\n";
    const auto page = json_of(stage.admin.handle(asked));
    std::string loser;
    for (const auto& item : page.at("differences").as_array()) {
        if (item.at("event") == "route.not_used") loser = std::string(item.at("after").as_string());
    }
    CHECK(loser == "other: file: file:2:10 names the same host and path");
    asked.body = "";
    CHECK(is_same(stage.admin.handle(asked).body));
}

TEST_CASE("every accepted change is in /events with who made it", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    auto asked = request("/events");
    asked.query = "follow=false";
    CHECK_THAT(stage.admin.handle(asked).body, Catch::Contains("\"who\":\"test\""));

    const auto last = std::to_string(stage.journal->last_id());
    model::SourceState file;
    file.routes.push_back({"b.test", "/x", "web", {SourceKind::file, "f.yaml:9:1"}});
    stage.reconciler.accept(model::whole_change(file, "file"));
    stage.io.restart();
    stage.io.poll();
    asked.query = "follow=false&since=" + last;
    const auto events = stage.admin.handle(asked).body;
    CHECK_THAT(events, Catch::Contains(R"("event":"route.changed","name":"b.test/x",)"
                                       R"("before":"nowhere","after":"web","who":"file",)"
                                       R"("origin":"file: f.yaml:9:1")"));
    // The file's route went: what comes back is the container's, and the file's doing.
    CHECK_THAT(events, Catch::Contains(R"("name":"a.test/","before":"web","after":"other",)"
                                       R"("who":"file","origin":"docker: container one")"));
    const auto data = events.substr(events.find("data: ") + 6);
    const auto line = event_text(data.substr(0, data.find('\n')));
    REQUIRE(line.has_value());
    CHECK_THAT(*line, Catch::Contains("route.changed"));
}

TEST_CASE("/config tells every setting with its origin", "[admin]") {
    Stage stage;
    const auto loaded = parse_config(R"(
listeners: [{bind: "127.0.0.1:1", front: alb}]
store: {redis: "redis://:secret@127.0.0.1:1/0"}
access_log: "-"
services: {web: {policy: round_robin}}
)",
                                     "f.yaml");
    REQUIRE(loaded.ok());
    AdminFacts facts = stage.facts();
    facts.settings = loaded.process;
    facts.given = loaded.given;
    const AdminRoutes admin(std::move(facts));
    stage.reconciler.accept(model::whole_change(loaded.desired, "file"));
    stage.io.poll();
    const auto page = json_of(admin.handle(request("/config")));
    std::string all;
    for (const auto* list : {"settings", "services"}) {
        for (const auto& item : page.at(list).as_array()) {
            const auto& value = item.at("value");
            all += std::string(item.at("key").as_string()) + "=" +
                   (value.is_null() ? "-" : std::string(value.as_string())) + " (" +
                   std::string(item.at("origin").as_string()) + ")\n";
        }
    }
    CHECK_THAT(all, Catch::Contains("workers=auto (default)\n"));
    CHECK_THAT(all, Catch::Contains("listeners[0].bind=127.0.0.1:1 (file: f.yaml:2:14)\n"));
    CHECK_THAT(all, Catch::Contains("listeners[0].keep_alive=70m (front: alb)\n"));
    CHECK_THAT(all, Catch::Contains("listeners[0].trusted_proxies[0]=10.0.0.0/8 (front: alb)\n"));
    CHECK_THAT(all,
               Catch::Contains("store.redis.url=redis://:***@127.0.0.1:1/0 (file: f.yaml:3:9)\n"));
    CHECK_THAT(all, Catch::Contains("access_log.path=- (file: f.yaml:4:1)\n"));
    CHECK_THAT(all, Catch::Contains("discovery.docker=- (default)\n"));
    CHECK_THAT(all, !Catch::Contains("discovery.docker.socket"));
    CHECK_THAT(all, !Catch::Contains("listeners[0].tls.min_version"));
    CHECK_THAT(all, Catch::Contains("services.web.policy=round_robin (file: f.yaml:5:18)\n"));
}

TEST_CASE("a service's setting is compared and named by every key that a file can set",
          "[settings]") {
    model::ServiceSettings settings;
    settings.tls.emplace();
    std::vector<std::string> shown;
    for (const auto& value : setting_values(settings)) shown.emplace_back(value.key);
    std::vector<std::string> known;
    for (const auto& row : config_keys()) {
        const std::string_view prefix = "services.*.";
        if (row.set == nullptr || !row.path.starts_with(prefix)) continue;
        const auto key = row.path.substr(prefix.size());
        if (!key.starts_with("endpoints[]")) known.emplace_back(key);
    }
    std::sort(shown.begin(), shown.end());
    std::sort(known.begin(), known.end());
    CHECK(shown == known);
}

TEST_CASE("a question is read from method, URL, headers and client", "[explain]") {
    const auto question =
        read_question("POST", "https://a.test:8443?x=1#f", {"X-A:  b c ", "Host: other"}, "::1");
    REQUIRE(question.has_value());
    CHECK(question->scheme == "https");
    CHECK(question->authority == "a.test:8443");
    CHECK(question->target == "/?x=1");
    CHECK(question->fields.at(0) == std::pair<std::string, std::string>("X-A", "b c"));
    for (const auto* url : {"a.test", "ftp://a", "http://", "http://u@a/", "http://a/b c", ""})
        CHECK_FALSE(read_question("GET", url, {}, "").has_value());
    CHECK_FALSE(read_question("G T", "http://a", {}, "").has_value());
    CHECK_FALSE(read_question("GET", "http://a", {"no colon"}, "").has_value());
    CHECK_FALSE(read_question("GET", "http://a", {"A: b\r\nC: d"}, "").has_value());
    CHECK_FALSE(read_question("GET", "http://a", {}, "10.0.0.0/8").has_value());
}
