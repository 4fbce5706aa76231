#include "control/http_server.hpp"

#include "proxy/base/clock.hpp"
#include "tests/support/socket_peer.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

using namespace fairlead;
using namespace fairlead::control;
using test::SocketPeer;

namespace {

constexpr std::size_t small_limit = 1024;

/// Three pieces, then the end; or none until it is closed.
class Pieces final : public BodyStream {
public:
    Pieces(aio::executor executor, int count) : timer_(executor), left_(count) {}

    aio::task<std::string> next() override {
        if (left_ < 0) {
            timer_.expires_at(Clock::now() + 1h);
            co_await timer_.async_wait();
            co_return std::string();
        }
        if (left_-- == 0) co_return std::string();
        co_return "piece " + std::to_string(left_) + "\n";
    }
    void close() override { timer_.cancel(); }

private:
    aio::timer timer_;
    int left_;
};

/// Says what it was asked; some paths misbehave.
aio::task<HttpReply> answer(const HttpRequest& request) {
    if (request.path == "/throw") throw std::runtime_error("a defect");
    if (request.path == "/pieces" || request.path == "/endless") {
        const auto executor = co_await aio::asio::this_coro::executor;
        HttpReply reply;
        reply.content_type = "text/event-stream";
        reply.stream = std::make_shared<Pieces>(executor, request.path == "/pieces" ? 3 : -1);
        co_return reply;
    }
    HttpReply reply;
    reply.body = request.method + " " + request.path + " ?" + request.query + " " +
                 std::to_string(request.body.size()) + " " + request.peer + " " +
                 std::string(request.field("x-test"));
    reply.content_type = "text/plain";
    reply.fields.emplace_back("X-Extra", "1");
    co_return reply;
}

std::optional<HttpReply> admit(const HttpRequest& head) {
    if (head.path == "/forbidden") return error_reply(403, "not for you");
    return std::nullopt;
}

/// A server on a port of its own, served by a thread of its own.
class Serving {
public:
    explicit Serving(model::Address bind = model::Address::tcp("127.0.0.1", 0))
        : server_(std::in_place, io_, "test", std::move(bind), answer,
                  HttpServerOptions{small_limit, error_reply, admit}) {
        const auto started = server_->start();
        REQUIRE(started.has_value());
        bound_ = server_->bound();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Serving() {
        aio::asio::post(io_, [this] { server_.reset(); });
        thread_.join();
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

    SocketPeer connect() const { return SocketPeer::connect_tcp(bound_.port); }
    const model::Address& bound() const { return bound_; }
    void stop() {
        std::promise<void> stopped;
        aio::asio::post(io_, [&] {
            server_->stop();
            stopped.set_value();
        });
        stopped.get_future().wait();
    }

private:
    aio::IoContext io_{1};
    std::optional<HttpServer> server_;
    model::Address bound_;
    std::thread thread_;
};

std::string get(const std::string& target, const std::string& more = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("the handler gets method, path, query, fields and peer", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    const auto response = client.exchange(get("/a%20b?c=d", "X-Test: yes\r\n"));
    CHECK(response.status == 200);
    CHECK(response.body == "GET /a%20b ?c=d 0 127.0.0.1 yes");
    CHECK(response.fields.at("x-extra") == "1");
}

TEST_CASE("a connection serves one request after the other, pipelined or not", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange(get("/1")).status == 200);
    REQUIRE(client.send(get("/2") + get("/3")));
    CHECK(client.read_response().body.substr(0, 6) == "GET /2");
    CHECK(client.read_response().body.substr(0, 6) == "GET /3");
}

TEST_CASE("HEAD is answered like GET without the body", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    const auto response = client.exchange("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD");
    CHECK(response.status == 200);
    CHECK(response.fields.at("content-length") == "21");
    CHECK(response.body.empty());
    CHECK(client.exchange(get("/y")).status == 200);
}

TEST_CASE("a body comes whole, chunked or with a length", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "PUT")
              .body == "PUT /x ? 5 127.0.0.1 ");
    CHECK(client
              .exchange("PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nabc\r\n0\r\n\r\n",
                        "PUT")
              .body == "PUT /x ? 3 127.0.0.1 ");
}

TEST_CASE("who is refused by the head is not asked for the body", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange(get("/forbidden")).status == 403);
    CHECK(client.exchange(get("/y")).status == 200);  // nothing was left unread
    REQUIRE(
        client.send("POST /forbidden HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\nExpect: "
                    "100-continue\r\n\r\n"));
    const auto response = client.read_response();
    CHECK(response.status == 403);
    CHECK(response.fields.at("connection") == "close");
}

TEST_CASE("a client that waits for 100 Continue gets it", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    REQUIRE(client.send(
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    CHECK_THAT(client.read_head(), Catch::Contains("100 Continue"));
    CHECK(client.exchange("ok", "POST").status == 200);
}

TEST_CASE("a body above the limit is answered with 413 even while it is still being sent",
          "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    const auto size = small_limit * 64;
    REQUIRE(client.send("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
                        "\r\n\r\n"));
    client.send(std::string(size, 'x'));
    const auto response = client.read_response("PUT");
    CHECK(response.status == 413);
    CHECK_THAT(response.body, Catch::StartsWith("{\"error\":"));
}

TEST_CASE("what is not HTTP is answered with 400 and the connection closed", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    const auto response = client.exchange("nonsense\r\n\r\n");
    CHECK(response.status == 400);
    CHECK_THAT(response.body, Catch::StartsWith("{\"error\":"));
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("a head above the limit is answered with 431", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange(get("/x", "X-Long: " + std::string(70'000, 'x') + "\r\n")).status == 431);
}

TEST_CASE("a handler that throws is answered with 500 and the server goes on", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange(get("/throw")).status == 500);
    CHECK(client.exchange(get("/x")).status == 200);
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection", "[http_server]") {
    const Serving serving;
    const std::string request =
        GENERATE(std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                 std::string("GET / HTTP/1.0\r\n\r\n"));
    auto client = serving.connect();
    CHECK(client.exchange(request).status == 200);
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("stopping closes idle connections and refuses new ones", "[http_server]") {
    Serving serving;
    auto client = serving.connect();
    CHECK(client.exchange(get("/x")).status == 200);
    serving.stop();
    CHECK(client.is_closed_by_peer());
    CHECK_THROWS(serving.connect());
}

TEST_CASE("a stream is sent piece by piece and ends with the connection", "[http_server]") {
    const Serving serving;
    auto client = serving.connect();
    const auto response = client.exchange(get("/pieces"));
    CHECK(response.status == 200);
    CHECK(response.fields.at("content-type") == "text/event-stream");
    CHECK(response.fields.at("connection") == "close");
    CHECK_FALSE(response.fields.contains("content-length"));
    CHECK(response.body == "piece 2\npiece 1\npiece 0\n");
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("stopping ends a stream that waits", "[http_server]") {
    Serving serving;
    auto client = serving.connect();
    REQUIRE(client.send(get("/endless")));
    CHECK_THAT(client.read_head(), Catch::Contains("text/event-stream"));
    serving.stop();
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("a port that is taken is named", "[http_server]") {
    const Serving serving;
    aio::IoContext io{1};
    HttpServer second(io, "test", serving.bound(), answer);
    const auto started = second.start();
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().text() ==
          "cannot listen on " + to_string(serving.bound()) + ": Address already in use");
}

TEST_CASE("percent-decoding keeps what it cannot decode", "[http_server]") {
    CHECK(percent_decode("a%2Fb%3a+c") == "a/b:+c");
    CHECK(percent_decode("%") == "%");
    CHECK(percent_decode("%4") == "%4");
    CHECK(percent_decode("%zz%41") == "%zzA");
}
