#include "discovery/container_book.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace fairlead;
using namespace fairlead::discovery;
using model::Admission;
using Action = DockerEvent::Action;

namespace {

WallTime at(int second) {
    return WallTime(std::chrono::seconds(second));
}

ContainerFacts container(const std::string& id, const std::string& service, int started) {
    ContainerFacts facts;
    facts.id = id;
    facts.name = "name-" + id;
    facts.image = service;
    facts.labels = {{"fairlead.host", service + ".org"}};
    facts.created = at(started);
    facts.started = std::to_string(started);
    facts.started_at = at(started);
    facts.run = ContainerFacts::Run::running;
    facts.exposed = {80};
    facts.published = {{80, "127.0.0.1", static_cast<std::uint16_t>(1000 + started)}};
    return facts;
}

DockerEvent event(Action action, const std::string& id, int second, int signal = 0) {
    DockerEvent event;
    event.action = action;
    event.name = "test";
    event.container = id;
    event.at = at(second);
    event.signal = signal;
    event.takes_part = true;
    return event;
}

/// "web: a=ready b=draining; *web.org*" shortened: endpoints of every service, then routes.
std::string summary(const ContainerBook& book) {
    std::string text;
    const auto state = book.state();
    for (const auto& service : state.services) {
        text += service.name + "[";
        for (const auto& endpoint : service.endpoints) {
            if (text.back() != '[') text += " ";
            text += endpoint.identity.substr(0, endpoint.identity.find(':')) + "=";
            text += to_string(endpoint.admission);
        }
        text += "] ";
    }
    for (const auto& route : state.routes) text += route.host + " ";
    if (!text.empty()) text.pop_back();
    return text;
}

ContainerBook book_of(std::initializer_list<ContainerFacts> list) {
    ContainerBook book{LabelRules{}};
    for (const auto& facts : list) book.learn(facts, book.mark());
    return book;
}

}  // namespace

TEST_CASE("containers of one service are one service with their endpoints by age", "[book]") {
    const auto book =
        book_of({container("b", "web", 1), container("a", "web", 2), container("c", "api", 3)});
    CHECK(summary(book) == "web[b@1=ready a@2=ready] api[c@3=ready] web.org api.org");
}

TEST_CASE("its stop signal starts draining at once, any other signal changes nothing", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGQUIT, 0}) {
        const auto effect = book.apply(event(Action::kill, "a", 5, signal));
        CHECK_FALSE(effect.publish);
        CHECK_FALSE(effect.look);
    }
    CHECK(summary(book) == "web[a@1=ready] web.org");
    const auto effect = book.apply(event(Action::kill, "a", 6, SIGTERM));
    CHECK(effect.publish);
    CHECK_FALSE(effect.look);
    CHECK(summary(book) == "web[a@1=draining] web.org");
}

TEST_CASE("a stop signal of the image's own choice is the one that counts", "[book]") {
    auto facts = container("a", "web", 1);
    facts.stop_signal = SIGQUIT;
    auto book = book_of({facts});
    CHECK_FALSE(book.apply(event(Action::kill, "a", 5, SIGTERM)).publish);
    CHECK(book.apply(event(Action::kill, "a", 5, SIGQUIT)).publish);
    CHECK(summary(book) == "web[a@1=draining] web.org");
}

TEST_CASE("SIGKILL counts as leaving whatever the stop signal is", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    CHECK(book.apply(event(Action::kill, "a", 5, SIGKILL)).publish);
    CHECK(summary(book) == "web[a@1=draining] web.org");
}

TEST_CASE("draining outlives later answers of the engine until the process restarts", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    book.apply(event(Action::kill, "a", 5, SIGTERM));
    CHECK_FALSE(
        book.apply(event(Action::kill, "a", 6, SIGKILL)).publish);  // it is draining already
    book.learn(container("a", "web", 1), book.mark());
    CHECK(summary(book) == "web[a@1=draining] web.org");

    const auto died = book.apply(event(Action::die, "a", 7));
    CHECK(died.publish);
    CHECK(summary(book) == "web[] web.org");

    book.learn(container("a", "web", 9), book.mark());
    CHECK(summary(book) == "web[a@9=ready] web.org");
}

TEST_CASE("a kill that comes before the first description is judged by it", "[book]") {
    ContainerBook book{LabelRules{}};
    const auto effect = book.apply(event(Action::kill, "a", 5, SIGTERM));
    CHECK(effect.look);
    CHECK_FALSE(effect.publish);
    book.learn(container("a", "web", 1), book.mark());
    CHECK(summary(book) == "web[a@1=draining] web.org");
}

TEST_CASE("events from before the latest start change nothing", "[book]") {
    auto book = book_of({container("a", "web", 10)});
    book.apply(event(Action::kill, "a", 9, SIGTERM));
    book.apply(event(Action::die, "a", 9));
    book.apply(event(Action::pause, "a", 9));
    CHECK(summary(book) == "web[a@10=ready] web.org");
}

TEST_CASE("an answer older than an event does not undo it", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    const auto asked = book.mark();
    CHECK(book.apply(event(Action::die, "a", 5)).look);
    book.learn(container("a", "web", 1), asked);
    CHECK(summary(book) == "web[] web.org");

    const auto asked_again = book.mark();
    book.apply(event(Action::destroy, "a", 6));
    book.learn(container("a", "web", 1), asked_again);
    book.learn_trouble("a", problem("late"), asked_again);
    CHECK(summary(book).empty());
    CHECK(book.state().rejected.empty());
}

TEST_CASE("a list older than a start does not forget the newcomer", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    const auto asked = book.mark();
    book.apply(event(Action::health, "a", 5));
    book.forget_others({}, asked);
    CHECK(summary(book) == "web[a@1=ready] web.org");
    book.forget_others({}, book.mark());
    CHECK(summary(book).empty());
}

TEST_CASE("pause and health events say it all themselves", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    CHECK(book.apply(event(Action::pause, "a", 2)).publish);
    CHECK(summary(book) == "web[a@1=paused] web.org");
    book.learn(container("a", "web", 1), book.mark());
    auto sick = event(Action::health, "a", 3);
    sick.health = ContainerFacts::Health::unhealthy;
    CHECK(book.apply(sick).publish);
    CHECK(summary(book) == "web[a@1=unhealthy] web.org");
}

TEST_CASE("a network joined or left is asked about while the container runs", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    CHECK(book.apply(event(Action::network, "a", 2)).look);
    book.apply(event(Action::die, "a", 3));
    CHECK_FALSE(book.apply(event(Action::network, "a", 4)).look);
}

TEST_CASE("routes go when the container is destroyed, not when it dies", "[book]") {
    auto book = book_of({container("a", "web", 1)});
    book.apply(event(Action::die, "a", 2));
    CHECK(summary(book) == "web[] web.org");
    CHECK(book.apply(event(Action::destroy, "a", 3)).publish);
    CHECK(summary(book).empty());
}

TEST_CASE("a running container's route goes before a dead one's", "[book]") {
    auto dead = container("a", "old", 1);
    dead.run = ContainerFacts::Run::stopped;
    dead.labels["fairlead.host"] = "x.org";
    auto running = container("b", "new", 2);
    running.labels["fairlead.host"] = "x.org";
    const auto state = book_of({dead, running}).state();
    REQUIRE(state.routes.size() == 2);
    CHECK(state.routes[0].service == "new");
}

TEST_CASE("the newest container says how its service is treated", "[book]") {
    auto older = container("a", "web", 1);
    older.labels["fairlead.drain"] = "1s";
    auto newer = container("b", "web", 2);
    newer.labels["fairlead.drain"] = "2s";
    auto silent = container("c", "web", 3);
    const auto state = book_of({newer, silent, older}).state();
    REQUIRE(state.services.size() == 1);
    REQUIRE(state.services[0].settings);
    CHECK(state.services[0].settings->drain == 2s);
}

TEST_CASE("one container's wrong label leaves the others alone", "[book]") {
    auto wrong = container("a", "web", 1);
    wrong.labels["fairlead.port"] = "http";
    const auto state = book_of({wrong, container("b", "web", 2)}).state();
    REQUIRE(state.services.size() == 1);
    CHECK(state.services[0].endpoints.size() == 1);
    REQUIRE(state.rejected.size() == 1);
    CHECK(state.rejected[0].origin.place == "container name-a (a) label fairlead.port");
}

TEST_CASE("a container that cannot be described is listed, and what was known of it stands",
          "[book]") {
    auto book = book_of({container("a", "web", 1)});
    book.learn_trouble("a", problem("status 500"), book.mark());
    book.learn_trouble("b", problem("status 500"), book.mark());
    CHECK(summary(book) == "web[a@1=ready] web.org");
    REQUIRE(book.state().rejected.size() == 2);
    CHECK(book.state().rejected[1].origin.place == "container b");
    book.learn(container("a", "web", 1), book.mark());
    CHECK(book.state().rejected.size() == 1);
}
