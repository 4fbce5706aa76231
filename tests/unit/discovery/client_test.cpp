#include "discovery/docker_client.hpp"
#include "proxy/aio/spawn.hpp"
#include "tests/support/fake_docker.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::discovery;
using testing::FakeDocker;

namespace {

struct Fixture {
    aio::IoContext context{1};
    FakeDocker docker{context};

    DockerClient client(DockerClient::Limits limits = {}) {
        return DockerClient(context.get_executor(), docker.path(), limits);
    }
    /// Why listing fails; empty: it does not.
    std::string list_problem(DockerClient& client) {
        std::optional<std::string> outcome;
        aio::spawn(context.get_executor(), "test", list(client, outcome));
        const auto deadline = Clock::now() + 10s;
        while (!outcome && Clock::now() < deadline) context.run_one_for(50ms);
        return outcome.value_or("nothing came");
    }

private:
    static aio::task<> list(DockerClient& client, std::optional<std::string>& outcome) {
        const auto containers = co_await client.list();
        outcome = containers ? std::string() : containers.error().text();
    }
};

}  // namespace

TEST_CASE("an engine that never answers is given up after the time limit", "[docker_client]") {
    Fixture test;
    // Accepts, and reads nothing: the kernel's backlog of a listening socket.
    const aio::stream_protocol::endpoint endpoint(
        aio::asio::local::stream_protocol::endpoint(test.docker.path()));
    aio::acceptor silent(test.context.get_executor());
    silent.open(endpoint.protocol());
    silent.bind(endpoint);
    silent.listen();
    DockerClient::Limits limits;
    limits.timeout = 50ms;
    auto client = test.client(limits);
    CHECK_THAT(test.list_problem(client),
               Catch::Contains("reading the answer's head: it took too long"));
}

TEST_CASE("an answer longer than the limit is a problem", "[docker_client]") {
    Fixture test;
    test.docker.hook = [](const std::string&) {
        FakeDocker::Answer answer;
        answer.body = "[" + std::string(100'000, ' ') + "]";
        return std::optional(answer);
    };
    test.docker.listen();
    auto roomy = test.client();
    CHECK(test.list_problem(roomy).empty());
    DockerClient::Limits limits;
    limits.answer = 50'000;
    auto narrow = test.client(limits);
    CHECK_THAT(test.list_problem(narrow), Catch::Contains("an answer is longer than 50000 bytes"));
}

TEST_CASE("a missing socket and a path that cannot be one are problems", "[docker_client]") {
    Fixture test;
    auto client = test.client();
    CHECK_THAT(test.list_problem(client), Catch::Contains("connecting: No such file or directory"));
    DockerClient wrong(test.context.get_executor(), "/" + std::string(200, 'x'));
    CHECK_THAT(test.list_problem(wrong), Catch::Contains("allowed: 1 to 107 characters"));
}

TEST_CASE("a refusal is reported in the engine's own words", "[docker_client]") {
    Fixture test;
    test.docker.hook = [](const std::string&) {
        return std::optional(FakeDocker::Answer{500, R"({"message":"disk on fire"})"});
    };
    test.docker.listen();
    auto client = test.client();
    CHECK(test.list_problem(client) ==
          "the engine refused to list containers: status 500: disk on fire");
}
