// Bytes on the wire: what has two readings never reaches an endpoint, and what does was written by
// us.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace fairlead;
using namespace fairlead::test;

TEST_CASE("a request with ambiguous framing never reaches an endpoint", "[scenario][guard]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("reached"));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::vector<std::string> heads = {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3,3\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
    };
    for (const auto& head : heads) {
        INFO(head);
        auto client = proxy.connect();
        client.send(head + smuggled);
        const auto response = client.read_response();
        CHECK(response.status == 400);
        CHECK(response.fields.contains("x-fairlead-reason"));
        // One answer, and the connection ends: what followed was never read as a request.
        CHECK(client.read_to_end().empty());
    }
    CHECK(origin.connections() == 0);
}

TEST_CASE("a malformed chunk cuts the request off at the endpoint", "[scenario][guard]") {
    std::atomic<bool> complete{true};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        bool whole = true;
        peer.read_body_of(head, nullptr, &whole);
        complete.store(whole);
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n");
    REQUIRE(eventually([&] { return proxy.endpoint().in_flight() == 1; }));
    client.send("-1\r\n");
    const auto response = client.read_response();
    CHECK(response.status == 400);
    CHECK(response.fields.at("x-fairlead-reason") == "bad_chunk");
    CHECK(eventually([&] { return !complete.load(); }));
}

TEST_CASE("what reaches the endpoint says who the client is, and carries its trailers",
          "[scenario][guard]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            std::map<std::string, std::string> trailers;
            peer.read_body_of(head, &trailers);
            peer.send(response_text(head + "trailer=" + trailers["x-sum"]));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response = client.exchange(
        "POST http://Example.org:81/p?q HTTP/1.1\r\nHost: example.org:81\r\nX-Forwarded-For: "
        "6.6.6.6\r\n"
        "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: "
        "42\r\nContent-Length: 9\r\n\r\n");
    CHECK(response.body.starts_with("POST /p?q HTTP/1.1\r\nHost: example.org:81\r\n"));
    const auto fields = fields_of(response.body);
    CHECK(fields.at("x-forwarded-for") == "127.0.0.1");
    CHECK(fields.at("x-forwarded-proto") == "http");
    CHECK(fields.at("x-forwarded-port") == std::to_string(proxy.port()));
    CHECK(fields.at("x-forwarded-host") == "example.org:81");
    CHECK(response.body.ends_with("trailer=42"));
}

TEST_CASE("limits: head, fields and body each have their status and reason", "[scenario][guard]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("reached"));
    ProxyFixture proxy([](model::ProcessSettings& settings) {
        settings.limits.request_head = 2000;
        settings.limits.headers = 10;
        settings.limits.request_line = 500;
        settings.limits.header = 1000;
        settings.limits.request_body = 1000;
    });
    proxy.serve({origin.address()});
    const auto reason = [&](const std::string& request) {
        auto client = proxy.connect();
        const auto response = client.exchange(request);
        return std::to_string(response.status) + " " + response.fields.at("x-fairlead-reason");
    };
    CHECK(reason("GET /" + std::string(600, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n") ==
          "414 request_line_too_long");
    CHECK(reason("GET /" + std::string(3000, 'x')) == "414 request_line_too_long");
    CHECK(reason("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1500, 'x') + "\r\n\r\n") ==
          "431 header_too_large");
    const auto line = "X: " + std::string(800, 'x') + "\r\n";
    CHECK(reason("GET / HTTP/1.1\r\nHost: a\r\n" + line + line + line + "\r\n") ==
          "431 head_too_large");
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 20; ++i) many += "X: y\r\n";
    CHECK(reason(many + "\r\n") == "431 too_many_headers");
    CHECK(reason("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n") ==
          "413 body_too_large");
    CHECK(reason("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
                 std::string(1024, 'x') + "\r\n0\r\n\r\n") == "413 body_too_large");
    // Before the client sends what it would send for nothing.
    CHECK(reason("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n"
                 "Expect: 100-continue\r\n\r\n") == "413 body_too_large");
    auto client = proxy.connect();
    CHECK(client
              .exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" +
                        std::string(1000, 'x'))
              .status == 200);
}

TEST_CASE("a trailer section behind a large head is read to its end", "[scenario][guard]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        std::map<std::string, std::string> trailers;
        peer.read_body_of(head, &trailers);
        peer.send(response_text(std::to_string(trailers.size())));
    });
    ProxyFixture proxy([](model::ProcessSettings& settings) {
        settings.limits.request_head = 1024 * 1024;
        settings.limits.header = 512 * 1024;
    });
    proxy.serve({origin.address()});
    std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    for (int i = 0; i < 6; ++i)
        request += "X-" + std::to_string(i) + ": " + std::string(100'000, 'x') + "\r\n";
    request += "\r\n0\r\n";
    for (int i = 0; i < 4; ++i)
        request += "T-" + std::to_string(i) + ": " + std::string(100'000, 't') + "\r\n";
    auto client = proxy.connect();
    const auto response = client.exchange(request + "\r\n");
    CHECK(response.status == 200);
    CHECK(response.body == "4");
}

TEST_CASE("an endpoint's trailers may be as long as its head", "[scenario][guard]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        for (int i = 0; i < 6; ++i)
            answer += "T-" + std::to_string(i) + ": " + std::string(9'000, 't') + "\r\n";
        peer.send(answer + "\r\n");
        peer.read_to_end();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response = client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(response.complete);
    CHECK(response.trailers.size() == 6);
}

TEST_CASE("trailers that Connection names, or that decide about a message, do not pass",
          "[scenario][guard]") {
    const std::string trailers =
        "X-Hop: 1\r\nX-Kept: 2\r\nAuthorization: 3\r\nSet-Cookie: 4\r\nX-Real-IP: 5\r\n"
        "Traceparent: 6\r\nContent-Type: 7\r\nETag: 8\r\n\r\n";
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        std::map<std::string, std::string> got;
        peer.read_body_of(head, &got);
        std::string names;
        for (const auto& [name, value] : got) names += name + " ";
        peer.send(
            "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nTransfer-Encoding: chunked\r\n"
            "X-Got: " +
            names + "\r\n\r\n0\r\n" + trailers);
        peer.read_to_end();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response = client.exchange(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n" +
        trailers);
    CHECK(response.fields.at("x-got") == "etag x-kept");
    CHECK(response.trailers == std::map<std::string, std::string>{{"etag", "8"}, {"x-kept", "2"}});
}

TEST_CASE("a HEAD that is refused gets no content", "[scenario][guard]") {
    ProxyFixture proxy;
    auto client = proxy.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n");
    const auto head = client.read_head();
    CHECK(head.starts_with("HTTP/1.1 400 "));
    CHECK(client.read_to_end().empty());
}

TEST_CASE("a request of HTTP/1.0 that names no host goes on with its endpoint's",
          "[scenario][guard]") {
    ScriptedOrigin origin(ScriptedOrigin::echoing_heads());
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    const auto response = proxy.connect().exchange("GET / HTTP/1.0\r\n\r\n");
    CHECK(fields_of(response.body).at("host") == to_string(origin.address()));
}

TEST_CASE("what clients say in X-Redx fields of any length does not pass", "[scenario][guard]") {
    ScriptedOrigin origin(ScriptedOrigin::echoing_heads());
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    const auto response = proxy.connect().exchange(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Redx-A: 1\r\n"
        "X-Redx-Frontend-Name-And-Much-More-Than-That: 1\r\n\r\n");
    CHECK(response.body.find("Redx") == std::string::npos);
}
