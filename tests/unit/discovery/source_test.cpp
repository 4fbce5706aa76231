#include "discovery/docker_source.hpp"
#include "proxy/aio/spawn.hpp"
#include "tests/support/fake_docker.hpp"
#include "tests/support/source_states.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace fairlead;
using namespace fairlead::discovery;
using testing::FakeContainer;
using testing::FakeDocker;

namespace {

const std::string a(64, 'a');
const std::string b(64, 'b');

/// A source on a fake engine; everything runs inside until().
class Fixture {
public:
    explicit Fixture(std::chrono::milliseconds resync = std::chrono::hours(1)) {
        settings_.socket = docker.path();
        settings_.resync = resync;
        docker.containers[a] = container(a, 40001);
    }

    ~Fixture() {
        if (!source) return;
        source->stop();
        until([&] { return has_returned_; });
        CHECK(has_returned_);
    }

    static FakeContainer container(const std::string& id, int port) {
        FakeContainer made;
        made.id = id;
        made.service = "web";
        made.host_port = port;
        return made;
    }

    void start() {
        source.emplace(context_.get_executor(), settings_);
        aio::spawn(context_.get_executor(), "source", run());
    }

    template <class Condition>
    bool until(Condition condition, std::chrono::seconds limit = std::chrono::seconds(10)) {
        const auto deadline = Clock::now() + limit;
        while (!condition() && Clock::now() < deadline) context_.run_one_for(50ms);
        return condition();
    }
    bool until_summary(const std::string& wanted) {
        const bool seen = until([&] { return summary() == wanted; });
        CHECK(summary() == wanted);
        return seen;
    }
    bool until_subscribed() {
        return until([&] { return docker.streams() == 1 && source->status().connected; });
    }

    /// "a=ready b=draining | web.org"; "-" before the first state.
    std::string summary() const {
        if (states.empty()) return "-";
        std::string text;
        for (const auto& service : states.back().services) {
            for (const auto& endpoint : service.endpoints) {
                text += endpoint.identity.substr(0, 1) +
                        std::to_string(endpoint.address.port % 10) + "=";
                text += std::string(to_string(endpoint.admission)) + " ";
            }
        }
        text += "|";
        for (const auto& route : states.back().routes) text += " " + route.host;
        return text;
    }

    aio::IoContext context_{1};
    FakeDocker docker{context_};
    std::optional<DockerSource> source;
    std::vector<model::SourceState> states;
    std::function<void()> on_publish;

private:
    aio::task<> run() {
        const auto take = [this](model::SourceChange change) {
            states.push_back(said_.after(std::move(change)));
            if (on_publish) on_publish();
        };
        const Source::Publish publish = take;
        co_await source->run(publish);
        has_returned_ = true;
    }

    model::DockerSettings settings_;
    bool has_returned_ = false;
    test::SourceStates said_;
};

}  // namespace

TEST_CASE("the source waits for a socket that is not there yet", "[docker_source]") {
    Fixture test;
    test.start();
    REQUIRE(test.until([&] { return !test.source->status().detail.empty(); }));
    CHECK_FALSE(test.source->status().connected);
    CHECK(test.states.empty());
    test.docker.listen();
    CHECK(test.until_summary("a1=ready | web.org"));
    CHECK(test.source->status().connected);
    CHECK(test.source->status().last_published);
}

TEST_CASE("the source subscribes before it lists", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.docker.requests.size() >= 3);
    CHECK_THAT(test.docker.requests[0], Catch::StartsWith("/events?filters=%7B"));
    CHECK(test.docker.requests[1] == "/containers/json?all=1");
    CHECK(test.docker.requests[2] == "/containers/" + a + "/json");
}

TEST_CASE("an engine without containers publishes that there are none", "[docker_source]") {
    Fixture test;
    test.docker.containers.clear();
    test.docker.listen();
    test.start();
    CHECK(test.until_summary("|"));
}

TEST_CASE("what happens between subscribing and listing is not lost", "[docker_source]") {
    Fixture test;
    test.docker.containers[b] = Fixture::container(b, 40002);
    bool is_first = true;
    test.docker.hook = [&](const std::string& target) -> std::optional<FakeDocker::Answer> {
        if (target == "/containers/" + a + "/json" && std::exchange(is_first, false)) {
            // `a` is described as running; but before that answer arrives it is told to stop, and
            // `b` has died.
            test.docker.emit("kill", a, 5, SIGTERM);
            test.docker.containers[b].status = "exited";
            test.docker.emit("die", b, 5);
        }
        return std::nullopt;
    };
    test.docker.listen();
    test.start();
    CHECK(test.until_summary("a1=draining | web.org"));
}

TEST_CASE("a stop signal drains at once, without asking the engine", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    const auto asked = test.docker.requests.size();
    test.docker.emit("kill", a, 5, SIGHUP);
    test.docker.emit("kill", a, 6, SIGTERM);
    REQUIRE(test.until_summary("a1=draining | web.org"));
    CHECK(test.docker.requests.size() == asked);
    CHECK(test.states.size() == 2);
    REQUIRE(test.states.back().caused_at);
    CHECK(test.states.back().caused_at->time_since_epoch() == std::chrono::seconds(1767225606));
}

TEST_CASE("a stop runs from draining to gone, a restart comes back as another endpoint",
          "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    const auto identity = test.states.back().services[0].endpoints[0].identity;
    test.docker.emit("kill", a, 5, SIGTERM);
    REQUIRE(test.until_summary("a1=draining | web.org"));
    test.docker.containers[a].status = "exited";
    test.docker.emit("die", a, 6);
    test.docker.emit("stop", a, 6);
    REQUIRE(test.until_summary("| web.org"));

    test.docker.containers[a].status = "running";
    test.docker.containers[a].started = "2026-01-01T00:00:07Z";
    test.docker.containers[a].host_port = 40003;
    test.docker.emit("start", a, 7);
    test.docker.emit("restart", a, 7);
    REQUIRE(test.until_summary("a3=ready | web.org"));
    CHECK(test.states.back().services[0].endpoints[0].identity != identity);

    test.docker.containers.clear();
    test.docker.emit("destroy", a, 8);
    CHECK(test.until_summary("|"));
}

TEST_CASE("pause, health and newcomers are seen", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.containers[a].status = "paused";
    test.docker.emit("pause", a, 5);
    REQUIRE(test.until_summary("a1=paused | web.org"));
    test.docker.containers[a].status = "running";
    test.docker.emit("unpause", a, 6);
    REQUIRE(test.until_summary("a1=ready | web.org"));
    test.docker.containers[a].health = "unhealthy";
    test.docker.emit("health_status: unhealthy", a, 7);
    REQUIRE(test.until_summary("a1=unhealthy | web.org"));

    test.docker.containers[b] = Fixture::container(b, 40002);
    test.docker.containers[b].health = "starting";
    test.docker.emit("start", b, 8);
    REQUIRE(test.until_summary("a1=unhealthy b2=starting | web.org"));
    test.docker.containers[b].health = "healthy";
    test.docker.emit("health_status: healthy", b, 9);
    CHECK(test.until_summary("a1=unhealthy b2=ready | web.org"));
}

TEST_CASE("after a cut stream the source reconnects, asks for what it missed and lists again",
          "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.emit("kill", a, 1'000'000'000, SIGHUP);  // an event's time; it says nothing else
    test.docker.cut_streams();
    test.docker.containers[b] = Fixture::container(b, 40002);
    REQUIRE(test.until_summary("a1=ready b2=ready | web.org"));
    CHECK(test.docker.asked("/events") == 2);
    CHECK(test.docker.asked("/containers/json") == 2);
    // Since the last event, so that a kill in between is told again.
    CHECK_THAT(test.docker.requests.back(), !Catch::StartsWith("/events"));
    std::string last;
    for (const auto& target : test.docker.requests) {
        if (target.starts_with("/events")) last = target;
    }
    CHECK_THAT(last, Catch::Contains("since=2767225600.000000000"));
}

TEST_CASE("while the engine is away the last state stands", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.vanish();
    REQUIRE(test.until([&] { return !test.source->status().connected; }));
    REQUIRE(test.until(
        [&] { return test.source->status().detail.find("connecting") != std::string::npos; }));
    CHECK(test.states.size() == 1);
    test.docker.listen();
    REQUIRE(test.until_subscribed());
    REQUIRE(test.until([&] { return test.docker.asked("/containers/json") == 2; }));
    CHECK(test.until_summary("a1=ready | web.org"));
}

TEST_CASE("a list that cannot be read is asked for again", "[docker_source]") {
    const FakeDocker::Answer rows[] = {
        {500, R"({"message":"server error"})"}, {200, "[{"}, {200, "{}"}};
    for (const auto& row : rows) {
        CAPTURE(row.status, row.body);
        Fixture test;
        int bad = 2;
        test.docker.hook = [&](const std::string& target) -> std::optional<FakeDocker::Answer> {
            if (target.starts_with("/containers/json") && bad-- > 0) return row;
            return std::nullopt;
        };
        test.docker.listen();
        test.start();
        CHECK(test.until_summary("a1=ready | web.org"));
        CHECK(test.docker.asked("/containers/json") == 3);
    }
}

TEST_CASE("a container that cannot be described is listed while the others go on",
          "[docker_source]") {
    const FakeDocker::Answer rows[] = {{500, R"({"message":"no"})"}, {200, R"({"Id":)"}};
    for (const auto& row : rows) {
        CAPTURE(row.status, row.body);
        Fixture test;
        test.docker.containers[b] = Fixture::container(b, 40002);
        int bad = 2;
        test.docker.hook = [&](const std::string& target) -> std::optional<FakeDocker::Answer> {
            if (target.starts_with("/containers/" + a) && bad-- > 0) return row;
            return std::nullopt;
        };
        test.docker.listen();
        test.start();
        REQUIRE(test.until_summary("b2=ready | web.org"));
        REQUIRE(test.states.back().rejected.size() == 1);
        CHECK(test.states.back().rejected[0].origin.place == "container aaaaaaaaaaaa");
        REQUIRE(test.until_summary("a1=ready b2=ready | web.org"));
        CHECK(test.states.back().rejected.empty());
    }
}

TEST_CASE("a container that cannot be described holds up no other", "[docker_source]") {
    Fixture test;
    test.docker.hook = [&](const std::string& target) -> std::optional<FakeDocker::Answer> {
        if (!target.starts_with("/containers/" + a)) return std::nullopt;
        return FakeDocker::Answer{500, "no"};
    };
    test.docker.listen();
    test.start();
    // By now the next attempt is most of a second away.
    REQUIRE(test.until([&] { return test.docker.asked("/containers/" + a) == 4; }));
    test.docker.containers[b] = Fixture::container(b, 40002);
    test.docker.emit("start", b, 5);
    CHECK(test.until_summary("b2=ready | web.org"));
    CHECK(test.docker.asked("/containers/" + a) == 4);
}

TEST_CASE("an unreadable event means looking at everything again", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.containers[b] = Fixture::container(b, 40002);
    test.docker.emit_line("{\"Type\": \"container\", ");
    CHECK(test.until_summary("a1=ready b2=ready | web.org"));
    CHECK(test.docker.asked("/events") == 1);
}

TEST_CASE("an event line without an end is not kept for ever", "[docker_source]") {
    Fixture test;
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.flood(64 * 1024 * 1024);
    REQUIRE(test.until([&] { return !test.source->status().connected; }));
    CHECK_THAT(test.source->status().detail, Catch::Contains("longer than 1048576 bytes"));
    CHECK(test.until([&] { return test.docker.asked("/events") == 2; }));
}

TEST_CASE("what no event told is found at the next resync, which publishes changes only",
          "[docker_source]") {
    Fixture test(50ms);
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until([&] { return test.docker.asked("/containers/json") >= 3; }));
    CHECK(test.states.size() == 1);
    test.docker.containers[b] = Fixture::container(b, 40002);
    CHECK(test.until_summary("a1=ready b2=ready | web.org"));
    CHECK(test.docker.asked("/events") == 1);
}

TEST_CASE("draining outlives a resync", "[docker_source]") {
    Fixture test(50ms);
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    REQUIRE(test.until_subscribed());
    test.docker.emit("kill", a, 5, SIGTERM);
    REQUIRE(test.until_summary("a1=draining | web.org"));
    const auto asked = test.docker.asked("/containers/json");
    REQUIRE(test.until([&] { return test.docker.asked("/containers/json") >= asked + 2; }));
    CHECK(test.summary() == "a1=draining | web.org");
}

TEST_CASE("containers that take no part are never asked about", "[docker_source]") {
    Fixture test;
    test.docker.containers[b] = Fixture::container(b, 40002);
    test.docker.containers[b].labels["fairlead.enable"] = "false";
    test.docker.listen();
    test.start();
    REQUIRE(test.until_summary("a1=ready | web.org"));
    CHECK(test.docker.asked("/containers/" + b) == 0);
}

TEST_CASE("the source can be stopped from within publish", "[docker_source]") {
    Fixture test;
    test.on_publish = [&] { test.source->stop(); };
    test.docker.listen();
    test.start();
    CHECK(test.until_summary("a1=ready | web.org"));
}
