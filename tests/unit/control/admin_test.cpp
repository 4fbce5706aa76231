#include "control/admin/admin_client.hpp"
#include "control/admin/admin_routes.hpp"
#include "control/admin/admin_tables.hpp"
#include "tests/unit/control/admin_stage.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::control;
using model::SourceKind;
using test::json_of;
using test::request;
using Stage = test::AdminStage;

TEST_CASE("/routes tells every route, its origin, the losers and the rejected", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    const auto page = json_of(stage.admin.handle(request("/routes")));
    const auto& routes = page.at("routes").as_array();
    REQUIRE(routes.size() == 2);
    CHECK(routes[0].at("host") == "a.test");
    CHECK(routes[0].at("path") == "/");
    CHECK(routes[0].at("service") == "web");
    CHECK(routes[0].at("origin").at("place") == "f.yaml:1:1");
    CHECK_FALSE(routes[0].as_object().contains("problem"));
    CHECK(routes[1].as_object().contains("problem"));
    REQUIRE(page.at("losers").as_array().size() == 1);
    CHECK(page.at("losers").at(0).at("service") == "other");
    CHECK(page.at("losers").at(0).at("why") == "file: f.yaml:1:1 names the same host and path");
    CHECK(page.at("rejected").at(0).at("why") == "label x: bad");
}

TEST_CASE("/services tells settings, and each endpoint's state as it is now", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    stage.first_endpoint().begin_request();
    stage.first_endpoint().count_request();
    const auto services = json_of(stage.admin.handle(request("/services"))).at("services");
    const auto& web = services.at(1);
    CHECK(web.at("name") == "web");
    CHECK(web.at("settings").at("policy") == "p2c");
    CHECK(web.at("settings").at("timeouts").at("connect") == "3s");
    const auto& first = web.at("endpoints").at(0);
    CHECK(first.at("address") == "127.0.0.1:1");
    CHECK(first.at("state") == "ready");
    CHECK(first.at("in_flight").to_number<int>() == 1);
    CHECK(first.at("requests").to_number<int>() == 1);
    CHECK(first.at("identity") == "id@1");
    CHECK(first.at("origin").at("place") == "container one");
    CHECK(web.at("endpoints").at(1).at("state") == "draining");
    CHECK(web.at("endpoints").at(1).at("weight").to_number<int>() == 2);

    stage.first_endpoint().eject_until(Clock::now() + 1h, Reason::connect_refused);
    const auto one = json_of(stage.admin.handle(request("/services/web")));
    CHECK(one.at("endpoints").at(0).at("state") == "ejected");
}

TEST_CASE("a service with an odd name is found by its encoded name", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    CHECK(stage.admin.handle(request("/services/odd%2Fname")).status == 200);
    CHECK(stage.admin.handle(request("/services/odd/name")).status == 404);
    CHECK(stage.admin.handle(request("/services/absent")).status == 404);
}

TEST_CASE("the index lists every page there is, and each of them answers", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    const auto index = stage.admin.handle(request("/")).body;
    for (const auto* path : {"/routes", "/services", "/metrics", "/healthz", "/version"}) {
        CAPTURE(path);
        CHECK_THAT(index, Catch::Contains(path));
        CHECK(stage.admin.handle(request(path)).status == 200);
    }
}

TEST_CASE("an unknown path is 404, a wrong method 405 with Allow", "[admin]") {
    Stage stage;
    const auto unknown = stage.admin.handle(request("/nope"));
    CHECK(unknown.status == 404);
    CHECK(json_of(unknown).as_object().contains("error"));
    const auto wrong = stage.admin.handle(request("/routes", "DELETE"));
    CHECK(wrong.status == 405);
    REQUIRE(wrong.fields.size() == 1);
    CHECK(wrong.fields[0].first == "Allow");
    CHECK(wrong.fields[0].second == "GET, HEAD");
}

TEST_CASE("/healthz tells what the sources say, and when it is stopping", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    const auto page = json_of(stage.admin.handle(request("/healthz")));
    CHECK(page.at("status") == "ok");
    CHECK(page.at("sources").at(0).at("source") == "docker");
    CHECK(page.at("sources").at(0).at("connected") == true);
    CHECK(page.at("sources").at(0).at("detail") == "Docker 1.41");
    stage.is_stopping = true;
    CHECK(stage.admin.handle(request("/healthz")).status == 503);
}

TEST_CASE("health is 200 while serving and 503 from the moment it stops", "[health]") {
    Stage stage;
    CHECK(stage.health.handle(request("/health")).status == 200);
    CHECK(stage.health.handle(request("/health", "POST")).status == 405);
    CHECK(stage.health.handle(request("/else")).status == 404);
    stage.health.begin_stopping();
    CHECK(stage.health.handle(request("/health")).status == 503);
}

TEST_CASE("a service's health is 200 while it has a ready endpoint", "[health]") {
    Stage stage;
    stage.publish_two_sources();
    CHECK(stage.health.handle(request("/health/web")).status == 200);
    CHECK(stage.health.handle(request("/health/odd%2Fname")).status == 503);
    CHECK(stage.health.handle(request("/health/absent")).status == 404);
    stage.first_endpoint().eject_until(Clock::now() + 1h, Reason::connect_refused);
    CHECK(stage.health.handle(request("/health/web")).status == 503);
}

TEST_CASE("the commands show the pages as aligned text", "[admin]") {
    Stage stage;
    stage.publish_two_sources();
    const auto routes = routes_table(stage.admin.handle(request("/routes")).body);
    REQUIRE(routes.has_value());
    CHECK_THAT(*routes, Catch::Contains("HOST    PATH  CONDITIONS  SERVICE  ORIGIN\na.test  /     "
                                        "-           web      file: f.yaml:1:1\n"));
    CHECK_THAT(*routes, Catch::Contains("not used  a.test / -> other"));
    CHECK_THAT(*routes, Catch::Contains("rejected  docker: container two: label x: bad\n"));
    const auto services = services_table(stage.admin.handle(request("/services")).body);
    REQUIRE(services.has_value());
    CHECK_THAT(*services, Catch::Contains("draining"));
    CHECK_THAT(*services, Catch::Contains("no endpoint"));
    CHECK_FALSE(services_table("{}").has_value());
    CHECK_FALSE(services_table("nonsense").has_value());
}

TEST_CASE("an admin address is read with and without its scheme", "[admin]") {
    CHECK(*parse_admin_url("http://127.0.0.1:9901/") == model::Address::tcp("127.0.0.1", 9901));
    CHECK(*parse_admin_url("127.0.0.1") == model::Address::tcp("127.0.0.1", 9901));
    CHECK(*parse_admin_url("http://localhost:1") == model::Address::tcp("127.0.0.1", 1));
    CHECK(*parse_admin_url("unix:/run/x") == model::Address::unix_socket("/run/x"));
    CHECK_FALSE(parse_admin_url("https://127.0.0.1:9901").has_value());
    CHECK_FALSE(parse_admin_url("http://somewhere.test:9901").has_value());
}

TEST_CASE("where nobody listens the command says what to check", "[admin]") {
    const auto answer =
        ask_admin(model::Address::unix_socket("/nonexistent/admin.sock"), "/routes");
    REQUIRE_FALSE(answer.has_value());
    CHECK_THAT(answer.error().text(), Catch::Contains("is Fairlead running"));
}
