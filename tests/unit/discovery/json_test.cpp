#include "discovery/docker_json.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace fairlead;
using namespace fairlead::discovery;

TEST_CASE("a running container as an engine describes it", "[docker_json]") {
    const auto facts = parse_container(R"({
        "Id": "59d4", "Created": "2026-11-21T03:31:08.545830713Z", "Name": "/web-1",
        "State": {"Status": "running", "Running": true, "StartedAt": "2026-11-21T03:31:08.932490991Z",
                  "Health": {"Status": "starting", "FailingStreak": 0, "Log": []}},
        "Config": {"Image": "web:1", "Labels": {"fairlead.host": "x.org"}, "StopSignal": "SIGQUIT",
                   "ExposedPorts": {"80/tcp": {}, "53/udp": {}, "443/tcp": {}}},
        "HostConfig": {"NetworkMode": "default"},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}], "443/tcp": null},
            "Networks": {"none": {"IPAddress": ""}, "z": {"IPAddress": "172.18.0.2"},
                         "bridge": {"IPAddress": "172.17.0.2"}}}})");
    REQUIRE(facts.has_value());
    CHECK(facts->id == "59d4");
    CHECK(facts->name == "web-1");
    CHECK(facts->image == "web:1");
    CHECK(facts->run == ContainerFacts::Run::running);
    CHECK(facts->health == ContainerFacts::Health::starting);
    CHECK(facts->stop_signal == SIGQUIT);
    CHECK(facts->labels.at("fairlead.host") == "x.org");
    CHECK(facts->exposed == std::vector<std::uint16_t>{80, 443});
    CHECK(facts->published == std::vector<PublishedPort>{{80, "127.0.0.1", 32768}});
    CHECK(facts->addresses == std::vector<std::string>{"172.17.0.2", "172.18.0.2"});
    CHECK_FALSE(facts->is_host_network);
    CHECK(facts->started_at - facts->created == std::chrono::nanoseconds(386660278));
}

TEST_CASE("an engine's odd or broken answers are problems, never exceptions", "[docker_json]") {
    for (const char* text :
         {"", "{", "null", "[]", "{}", R"({"Id": 5, "State": {}, "Config": {}})",
          R"({"Id": "a", "State": [], "Config": {}})", "\xff\xfe", "[[[[[[[[[["}) {
        CAPTURE(text);
        CHECK_FALSE(parse_container(text).has_value());
    }
    for (const char* text : {"", "{", "null", "{}", "[5]", R"([{"Id": ""}])"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_container_list(text).has_value());
    }
    for (const char* text : {"", "{", "null", "[]", R"({"Type": "container", "Action": "die"})"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_event(text).has_value());
    }
    // Members of another kind than expected count as absent.
    const auto facts = parse_container(
        R"({"Id": "a", "State": {"Status": 1, "Health": 2}, "Config": {"Labels": [], "StopSignal": 9,
            "ExposedPorts": 5}, "NetworkSettings": {"Ports": {"x/tcp": 1, "80/tcp": [1, {"HostPort": "a"}]}}})");
    REQUIRE(facts.has_value());
    CHECK(facts->run == ContainerFacts::Run::stopped);
    CHECK(facts->stop_signal == SIGTERM);
    CHECK(facts->published.empty());
    CHECK(parse_container_list(R"([{"Id": "a", "Labels": null}])")->at(0).labels.empty());
    CHECK(error_message(R"({"message": "No such container: x"})") == "No such container: x");
    CHECK(error_message("<html>") == "<html>");
}

TEST_CASE("events are told apart by type and action", "[docker_json]") {
    using Action = DockerEvent::Action;
    const std::pair<const char*, Action> rows[] = {
        {"kill", Action::kill},
        {"die", Action::die},
        {"destroy", Action::destroy},
        {"pause", Action::pause},
        {"unpause", Action::look},
        {"start", Action::look},
        {"stop", Action::look},
        {"restart", Action::look},
        {"update", Action::look},
        {"rename", Action::look},
        {"create", Action::other},
        {"health_status: healthy", Action::health},
        {"oom", Action::other},
        {"attach", Action::other},
        {"exec_start: /bin/true", Action::other},
    };
    for (const auto& [name, action] : rows) {
        CAPTURE(name);
        const auto event = parse_event(std::string(R"({"Type":"container","Action":")") + name +
                                       R"(","Actor":{"ID":"a","Attributes":{}},"timeNano":1})");
        REQUIRE(event.has_value());
        CHECK(event->action == action);
    }
    const auto kill = parse_event(
        R"({"Type":"container","Action":"kill","Actor":{"ID":"59d4","Attributes":{"fairlead.host":"x.org",
            "signal":"15"}},"timeNano":1795231869829906394})");
    REQUIRE(kill.has_value());
    CHECK(kill->container == "59d4");
    CHECK(kill->signal == SIGTERM);
    CHECK(kill->takes_part);
    CHECK(kill->at.time_since_epoch() == std::chrono::nanoseconds(1795231869829906394));

    const auto connect = parse_event(
        R"({"Type":"network","Action":"connect","Actor":{"ID":"0efb","Attributes":{"container":"59d4"}}})");
    REQUIRE(connect.has_value());
    CHECK(connect->action == Action::network);
    CHECK(connect->container == "59d4");
    CHECK(parse_event(
              R"({"Type":"container","Action":"health_status: unhealthy","Actor":{"ID":"a"}})")
              ->health == ContainerFacts::Health::unhealthy);
}

TEST_CASE("signals are numbers or names", "[docker_json]") {
    const std::pair<const char*, int> rows[] = {
        {"15", 15},     {"SIGTERM", 15}, {"TERM", 15},       {"SIGKILL", 9},
        {"SIGQUIT", 3}, {"WINCH", 28},   {"SIGRTMIN+3", 37}, {"SIGRTMAX-1", 63},
        {"RTMIN", 34},  {"65", 0},       {"SIGRTMIN-3", 0},  {"SIGRTMIN+99", 0},
        {"", 0},        {"-1", 0},       {"SIGNONSENSE", 0},
    };
    for (const auto& [text, number] : rows) {
        CAPTURE(text);
        CHECK(signal_number(text) == number);
    }
}

TEST_CASE("times have fractions and zones", "[docker_json]") {
    CHECK(parse_time("1970-01-01T00:00:01Z")->time_since_epoch() == std::chrono::seconds(1));
    CHECK(parse_time("1970-01-01T01:00:00.5+01:00")->time_since_epoch() ==
          std::chrono::milliseconds(500));
    CHECK(parse_time("1970-01-01T00:00:00-00:30")->time_since_epoch() == std::chrono::minutes(30));
    CHECK(*parse_time("0001-01-01T00:00:00Z") == WallTime{});  // what engines say for never
    for (const char* text :
         {"", "now", "2026-13-01T00:00:00Z", "2026-11-21T03:31:08", "2026-11-21T03:31:08 CET"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_time(text).has_value());
    }
}
