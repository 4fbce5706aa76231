#include "control/journal.hpp"

#include "control/admin/event_stream.hpp"
#include "control/admin/query.hpp"
#include "tests/unit/control/run_task.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace fairlead;
using namespace fairlead::control;

namespace {

constexpr std::uint64_t first = 1700000000000;

ChangeRecord record(std::string name) {
    ChangeRecord made;
    made.at = WallTime(1700000000s) + 1500ms;
    made.snapshot = 7;
    made.event = "route.added";
    made.name = std::move(name);
    made.after = "web";
    made.who = "api 127.0.0.1:5";
    made.origin = "store: frontend:a.test";
    return made;
}

struct Stage {
    aio::IoContext io{1};
    std::shared_ptr<Journal> journal = std::make_shared<Journal>(io, 3, WallTime(1700000000s));

    void add(const std::string& name) {
        journal->add(record(name));
        journal->announce();
    }
    HttpReply ask(std::string query, std::string last_event_id = {}) {
        HttpRequest request;
        request.query = std::move(query);
        if (!last_event_id.empty()) request.fields.emplace_back("Last-Event-ID", last_event_id);
        return events_reply(journal, request);
    }
    std::string next(BodyStream& stream) { return test::run_task(io, stream.next()); }
};

}  // namespace

TEST_CASE("the journal keeps the last changes, under ids that grow", "[journal]") {
    Stage stage;
    CHECK(stage.journal->find(first) == nullptr);
    for (const auto* name : {"a", "b", "c", "d"}) stage.add(name);
    CHECK(stage.journal->first_id() == first + 1);
    CHECK(stage.journal->last_id() == first + 3);
    CHECK(stage.journal->find(first) == nullptr);
    REQUIRE(stage.journal->find(first + 1) != nullptr);
    CHECK(stage.journal->find(first + 1)->name == "b");
    CHECK(stage.journal->find(first + 4) == nullptr);
}

TEST_CASE("a text of the journal is cut between characters", "[journal]") {
    Stage stage;
    auto long_one = record(std::string(Journal::longest_text - 1, 'x') + "\xC3\xA9 and more");
    stage.journal->add(long_one);
    CHECK(stage.journal->find(first)->name == std::string(Journal::longest_text - 1, 'x') + "...");
}

TEST_CASE("/events tells the tail, then what comes", "[journal]") {
    Stage stage;
    stage.add("a");
    const auto reply = stage.ask("");
    CHECK(reply.content_type == "text/event-stream");
    REQUIRE(reply.stream);
    CHECK(stage.journal->readers() == 1);
    const auto tail = stage.next(*reply.stream);
    const std::string head = "id: 1700000000000\nevent: route.added\ndata: ";
    REQUIRE(tail.substr(0, head.size()) == head);
    CHECK(tail.substr(tail.size() - 2) == "\n\n");
    const auto data = boost::json::parse(tail.substr(head.size()));
    CHECK(data.at("at") == "2023-11-14T22:13:21.500Z");
    CHECK(data.at("name") == "a");
    CHECK(data.at("after") == "web");
    CHECK_FALSE(data.as_object().contains("before"));
    CHECK(data.at("who") == "api 127.0.0.1:5");
    CHECK(data.at("snapshot").to_number<int>() == 7);

    aio::asio::post(stage.io, [&] { stage.add("b"); });
    CHECK_THAT(stage.next(*reply.stream), Catch::Contains("\"name\":\"b\""));
}

TEST_CASE("/events begins behind the event that the reader has seen", "[journal]") {
    Stage stage;
    for (const auto* name : {"a", "b", "c"}) stage.add(name);
    const auto names = [](const HttpReply& reply) {
        std::string found;
        for (std::size_t at = 0; (at = reply.body.find("\"name\":\"", at)) != std::string::npos;)
            found += reply.body[at += 8];
        return found;
    };
    CHECK(names(stage.ask("follow=false")) == "abc");
    CHECK(names(stage.ask("follow=false&since=1700000000000")) == "bc");
    CHECK(names(stage.ask("follow=false", "1700000000001")) == "c");
    CHECK(names(stage.ask("follow=false&since=1700000000002")).empty());
    // Of before a restart, or of a clock that was ahead.
    CHECK(names(stage.ask("follow=false&since=1")) == "abc");
    CHECK(names(stage.ask("follow=false&since=9999999999999")) == "abc");
    CHECK(stage.ask("since=x").status == 400);
    CHECK(stage.ask("follow=maybe").status == 400);
}

TEST_CASE("a reader that the journal has left behind is told so and dropped", "[journal]") {
    Stage stage;
    const auto reply = stage.ask("");
    CHECK(stage.next(*reply.stream) == ": nothing new\n\n");
    for (const auto* name : {"a", "b", "c", "d"}) stage.add(name);
    CHECK_THAT(stage.next(*reply.stream), Catch::StartsWith("event: lost\n"));
    CHECK(stage.next(*reply.stream).empty());
}

TEST_CASE("closing a stream ends it while it waits", "[journal]") {
    Stage stage;
    const auto reply = stage.ask("");
    stage.next(*reply.stream);
    aio::asio::post(stage.io, [&] { reply.stream->close(); });
    CHECK(stage.next(*reply.stream).empty());
}

TEST_CASE("only so many follow the journal at once", "[journal]") {
    Stage stage;
    std::vector<HttpReply> replies;
    for (std::size_t i = 0; i < most_event_streams; ++i) replies.push_back(stage.ask(""));
    CHECK(stage.ask("").status == 503);
    replies.pop_back();
    CHECK(stage.ask("").status == 200);
}

TEST_CASE("a query's values are found by name and decoded", "[query]") {
    CHECK(query_value("a=1&b=x%26y+z&b=2", "b") == "x&y z");
    CHECK(query_values("h=a&x=1&h=b&h", "h") == std::vector<std::string>{"a", "b", ""});
    CHECK_FALSE(query_value("", "a"));
    CHECK(percent_encode("a b&/é") == "a%20b%26%2F%C3%A9");
}
