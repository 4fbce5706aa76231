// What every user relies on first: requests get to an endpoint and answers back, over one
// connection.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("requests on one connection reach the endpoint on one connection", "[scenario]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    for (int i = 0; i < 5; ++i) {
        const auto response = client.exchange(plain_get);
        REQUIRE(response.status == 200);
        CHECK(response.body == "Hello");
    }
    CHECK(origin.connections() == 1);
    CHECK(proxy.plane().total(metrics::Metric::upstream_reuses) == 4);
}

TEST_CASE("pipelined requests are answered in their order", "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            const auto path = head.find(' ') + 1;
            peer.send(response_text(head.substr(path, head.find(' ', path) - path)));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read_response().body == "/1");
    CHECK(client.read_response().body == "/2");
    CHECK(client.read_response().body == "/3");
}

TEST_CASE("request bodies arrive whole, by length and by chunks", "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send(response_text(std::to_string(peer.read_body_of(head).size())));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    for (const std::size_t size : {0u, 1u, 1000u, 16384u, 100000u, 1000000u}) {
        const std::string body(size, 'x');
        const auto sized = client.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                           std::to_string(size) + "\r\n\r\n" + body);
        CHECK(sized.body == std::to_string(size));
        std::string chunks;
        for (std::size_t at = 0; at < size; at += 7777) {
            const auto part = body.substr(at, 7777);
            char line[32];
            std::snprintf(line, sizeof line, "%zx\r\n", part.size());
            chunks += line + part + "\r\n";
        }
        const auto chunked =
            client.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            chunks + "0\r\n\r\n");
        CHECK(chunked.body == std::to_string(size));
    }
}

TEST_CASE("response bodies arrive whole, by length, by chunks and up to the close", "[scenario]") {
    const std::string body(300000, 'y');
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (head.starts_with("GET /length")) {
                peer.send(response_text(body));
            } else if (head.starts_with("GET /chunked")) {
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + body +
                          "\r\n0\r\nX-Sum: 1\r\n\r\n");
            } else {
                peer.send("HTTP/1.1 200 OK\r\n\r\n" + body);
                return;
            }
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    for (const auto* path : {"/length", "/chunked", "/close", "/length"}) {
        INFO(path);
        const auto response =
            client.exchange("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(response.status == 200);
        CHECK(response.complete);
        CHECK((response.body == body));
        if (path == std::string("/chunked")) CHECK(response.trailers.at("x-sum") == "1");
    }
}

TEST_CASE("a head arrives with its body, longer or shorter than the endpoint's", "[scenario]") {
    std::string body;
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            const bool is_long = head.find(" /long") != std::string::npos;
            const std::string dropped =
                is_long ? "Keep-Alive: " + std::string(300, ' ') + "\r\n" : "";
            peer.send(response_text(body, "200 OK", dropped + "A: b\r\n"));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    for (const std::size_t size : {0U, 4095U, 4096U, 10240U, 16384U, 100000U}) {
        body.clear();
        for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 23);
        for (const std::string path : {"/long", "/short"}) {
            for (const std::string version : {"1.1", "1.0\r\nConnection: keep-alive"}) {
                CAPTURE(size, path, version);
                const auto response =
                    client.exchange("GET " + path + " HTTP/" + version + "\r\nHost: a\r\n\r\n");
                REQUIRE(response.status == 200);
                CHECK(response.fields.at("a") == "b");
                CHECK(response.fields.contains("connection") == (version != "1.1"));
                CHECK(response.body == body);
            }
        }
    }
}

TEST_CASE("HEAD, 204 and 304 have no body and keep the connection", "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (head.starts_with("HEAD")) {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            } else if (head.starts_with("GET /204")) {
                peer.send("HTTP/1.1 204 No Content\r\n\r\n");
            } else {
                peer.send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n");
            }
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto head = client.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
    CHECK(head.fields.at("content-length") == "5");
    CHECK(client.exchange("GET /204 HTTP/1.1\r\nHost: a\r\n\r\n").status == 204);
    CHECK(client.exchange("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n").fields.at("etag") == "\"x\"");
    CHECK(origin.connections() == 1);
}

TEST_CASE("100-continue goes from the endpoint to the client before the body", "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        if (fields_of(head)["expect"] != "100-continue") return;
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.send(response_text(peer.read_body_of(head)));
        peer.read_head();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read_response().status == 100);
    client.send("Hello");
    CHECK(client.read_response().body == "Hello");
}

TEST_CASE("an endpoint that refuses instead of 100 is heard, and the body is never sent",
          "[scenario]") {
    std::atomic<bool> got_more{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(response_text("no", "417 Expectation Failed"));
        got_more.store(!peer.read_some().empty());
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response = client.exchange(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(response.status == 417);
    // Whether the client sends its body all the same is not known: this was its last request.
    CHECK(response.fields.at("connection") == "close");
    client.send("Hello");
    CHECK(client.read_to_end().empty());
    CHECK_FALSE(got_more.load());
}

TEST_CASE("a client that does not wait for the 100 is served, and so is one without a body",
          "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            const bool expects = fields_of(head).contains("expect");
            if (expects) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            peer.send(response_text(peer.read_body_of(head) + (expects ? " expected" : "")));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const std::string expecting = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    client.send(expecting + "Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n");
    CHECK(client.read_response().status == 100);
    CHECK(client.read_response().body == "Hello expected");
    // There is nothing to wait for: the expectation is not passed on.
    CHECK(client.exchange(expecting + "Content-Length: 0\r\n\r\n").body == "");
    CHECK(client
              .exchange("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n"
                        "Content-Length: 2\r\n\r\nHi")
              .body == "Hi");
}

TEST_CASE("an HTTP/1.0 client gets plain bodies and its kind of keep-alive", "[scenario]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (head.starts_with("GET /chunked")) {
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                peer.send("5\r\nHello\r\n");
                peer.send("0\r\n\r\n");
            } else {
                peer.send(response_text("Hello"));
            }
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto kept = proxy.connect();
    const auto first = kept.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(first.fields.at("connection") == "keep-alive");
    CHECK(kept.exchange("GET / HTTP/1.0\r\n\r\n").fields.at("connection") == "close");
    CHECK(kept.is_closed_by_peer());
    auto once = proxy.connect();
    const auto chunked = once.exchange("GET /chunked HTTP/1.0\r\n\r\n");
    CHECK_FALSE(chunked.fields.contains("transfer-encoding"));
    CHECK(chunked.body == "Hello");
}

TEST_CASE("endpoints on Unix sockets are served alike", "[scenario]") {
    const std::string path = "/tmp/fairlead-test-" + std::to_string(::getpid()) + ".sock";
    ScriptedOrigin origin(path, ScriptedOrigin::answering("unix"));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    CHECK(client.exchange(plain_get).body == "unix");
}

TEST_CASE("what Fairlead answers itself says why", "[scenario]") {
    ProxyFixture proxy;
    auto early = proxy.connect();
    CHECK(early.exchange(plain_get).fields.at("x-fairlead-reason") == "no_service");

    auto state = one_service({});
    state.routes[0].host = "known";
    proxy.publish(state);
    auto client = proxy.connect();
    const auto unknown = client.exchange(plain_get);
    CHECK(unknown.status == 404);
    CHECK(unknown.fields.at("x-fairlead-reason") == "no_route");
    const auto empty = client.exchange("GET / HTTP/1.1\r\nHost: known\r\n\r\n");
    CHECK(empty.status == 503);
    CHECK(empty.fields.at("x-fairlead-reason") == "no_endpoint");
    CHECK(eventually([&] { return proxy.plane().total(Reason::no_endpoint) == 1; }));
    const auto bad = client.exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    CHECK(bad.status == 400);
    CHECK(bad.fields.at("x-fairlead-reason") == "bad_host");
    CHECK(bad.fields.at("connection") == "close");
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("an endpoint is found by its host's name", "[scenario]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    ProxyFixture proxy;
    proxy.serve({model::Address::tcp("localhost", origin.address().port)});
    CHECK(proxy.connect().exchange(plain_get).body == "Hello");
}
