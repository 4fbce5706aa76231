// How connections and messages end, where it goes wrong in other proxies.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("closing does not wait for a TLS peer that never answers close_notify",
          "[scenario][endings]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    TlsClient client(proxy.connect());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(client.read_to_end().ends_with("Hello"));
    // We never send close_notify, and still the proxy lets the connection go.
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::connections_open) == 0; }));
}

TEST_CASE("a TLS client that drops without close_notify does no harm", "[scenario][endings]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    {
        TlsClient client(proxy.connect());
        client.send(plain_get);
        CHECK(client.read_some().starts_with("HTTP/1.1 200"));
    }
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::connections_open) == 0; }));
    TlsClient next(proxy.connect());
    next.send(plain_get);
    CHECK(next.read_some().starts_with("HTTP/1.1 200"));
}

TEST_CASE("an early end is fatal exactly where the framing promised more", "[scenario][endings]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        if (head.starts_with("GET /length"))
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        if (head.starts_with("GET /chunked"))
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        if (head.starts_with("GET /close")) peer.send("HTTP/1.1 200 OK\r\n\r\nwhole");
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    for (const auto* path : {"/length", "/chunked"}) {
        auto client = proxy.connect();
        const auto response =
            client.exchange("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        INFO(path);
        CHECK(response.status == 200);
        CHECK_FALSE(response.complete);
    }
    auto client = proxy.connect();
    const auto response = client.exchange("GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(response.complete);
    CHECK(response.body == "whole");
}

TEST_CASE("a connection with bytes left is not used again", "[scenario][endings]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send(response_text("mine") + response_text("smuggled"));
        }
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    for (int i = 0; i < 3; ++i) CHECK(client.exchange(plain_get).body == "mine");
    CHECK(origin.connections() == 3);
}

TEST_CASE("a response that comes before the upload's end is passed on at once",
          "[scenario][endings]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(response_text("too much", "413 Content Too Large", "Connection: close\r\n"));
        peer.read_to_end();  // and never reads the body with any interest
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart");
    const auto response = client.read_response();
    CHECK(response.status == 413);
    CHECK(response.body == "too much");
    CHECK(response.fields.at("connection") == "close");
}

TEST_CASE("an upload beside its response does not block it", "[scenario][endings]") {
    // A conversation: each piece of the request is answered before the next one is sent.
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 3; ++i) {
            peer.read_exactly(8);  // "3\r\nabc\r\n"
            peer.send("3\r\nxyz\r\n");
        }
        peer.send("0\r\n\r\n");
        peer.read_to_end();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(client.read_head().starts_with("HTTP/1.1 200"));
    for (int i = 0; i < 3; ++i) {
        client.send("3\r\nabc\r\n");
        CHECK(client.read_exactly(8) == "3\r\nxyz\r\n");
    }
    client.send("0\r\n\r\n");
    CHECK(client.read_exactly(5) == "0\r\n\r\n");
}

TEST_CASE("an answer that ends the connection is not overtaken by a reset", "[scenario][endings]") {
    constexpr std::size_t size = 200'000;  // more than comes with the head
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.read_exactly(size);
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response =
        client.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
                        "\r\n\r\n" + std::string(size, 'x') + plain_get);
    CHECK(response.status == 502);
    CHECK(response.fields.at("connection") == "close");
    // Requests that were on their way. The first that meets a closed socket is answered by a reset.
    for (int i = 0; i < 20; ++i) CHECK(client.send(plain_get));
    CHECK(client.read_some().empty());
    client.close();
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::connections_open) == 0; }));
}

TEST_CASE("a tunnel begins with what was read ahead on both sides", "[scenario][endings]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
            "websocket\r\n\r\nfrom-origin");
        const auto early = peer.read_exactly(11);
        const auto late = peer.read_exactly(5);
        peer.send("/" + early + "/" + late);
        peer.shut_down_writing();
        peer.read_to_end();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\nfrom-client");
    const auto head = client.read_head();
    CHECK(head.starts_with("HTTP/1.1 101"));
    CHECK(fields_of(head)["upgrade"] == "websocket");
    CHECK(client.read_exactly(11) == "from-origin");
    client.send("later");
    CHECK(client.read_to_end() == "/from-client/later");
    CHECK(proxy.plane().total(metrics::Metric::tunnels_open) == 1);
    client.close();
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::tunnels_open) == 0; }));
}

TEST_CASE("a client that goes away during its upload frees the endpoint", "[scenario][endings]") {
    std::atomic<bool> ended{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.read_to_end();
        ended.store(true);
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nstart");
    CHECK(eventually([&] { return proxy.endpoint().in_flight() == 1; }));
    client.reset();
    CHECK(eventually([&] { return ended.load() && proxy.endpoint().in_flight() == 0; }));
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_closed) == 1; }));
    CHECK_FALSE(proxy.endpoint().is_ejected(Clock::now()));
}

TEST_CASE("gauges return to zero", "[scenario][endings]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    for (int i = 0; i < 3; ++i) CHECK(proxy.connect().exchange(plain_get).status == 200);
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::connections_open) == 0; }));
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::requests_active) == 0; }));
    CHECK(eventually([&] { return proxy.endpoint().in_flight() == 0; }));
    proxy.publish(model::SourceState{});
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::upstream_idle) == 0; }));
}

TEST_CASE("a reset that the upload was told of is no end of the answer", "[scenario][endings]") {
    std::atomic<bool> has_answered{false};
    std::atomic<bool> it_may{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
        has_answered.store(true);
        eventually([&] { return it_may.load(); });
        peer.reset();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(eventually([&] { return has_answered.load(); }));
    const auto head = client.read_head();
    CHECK(head.starts_with("HTTP/1.1 200"));
    it_may.store(true);
    std::thread sender([&] {
        for (int i = 0; i < 1000 && client.send("1\r\nx\r\n"); ++i) {
        }
    });
    bool is_complete = true;
    client.read_body_of(head, nullptr, &is_complete);
    CHECK_FALSE(is_complete);
    sender.join();
}
