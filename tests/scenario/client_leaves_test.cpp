// Clients that go away while their answer is awaited: nobody works for them any longer.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <sys/socket.h>

using namespace fairlead;
using namespace fairlead::test;
using namespace std::chrono_literals;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Reads requests and answers none; tells how many have come and been given up.
struct Thinker {
    std::atomic<int> asked{0};
    std::atomic<int> given_up{0};

    ScriptedOrigin::Script script() {
        return [this](SocketPeer& peer, int) {
            const auto head = peer.read_head();
            if (head.empty()) return;
            peer.read_body_of(head);
            asked.fetch_add(1);
            if (peer.is_closed_by_peer()) given_up.fetch_add(1);
        };
    }
};

/// Answers nothing until it may.
ScriptedOrigin::Script answering_when(const std::atomic<bool>& it_may) {
    return [&it_may](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            eventually([&] { return it_may.load(); });
            peer.send(response_text("thought"));
        }
    };
}

/// For longer than it takes until a client is looked at, and its end seen.
bool is_left_alone(ProxyFixture& proxy) {
    return !eventually(300ms, [&] { return proxy.plane().total(Reason::client_closed) > 0; });
}

void cuts_both_sides(model::ProcessSettings& settings) {
    settings.listeners[0].half_close = false;
}

void check_given_up(ProxyFixture& proxy, const Thinker& thinker) {
    CHECK(eventually([&] { return thinker.given_up.load() == 1; }));
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_closed) == 1; }));
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::requests_active) == 0; }));
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::connections_open) == 0; }));
    CHECK(thinker.asked.load() == 1);
}

}  // namespace

TEST_CASE("a request whose client has reset its connection is ended", "[scenario][leaving]") {
    Thinker thinker;
    ScriptedOrigin origin(thinker.script());
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(plain_get));
    REQUIRE(eventually([&] { return thinker.asked.load() == 1; }));
    client.reset();
    check_given_up(proxy, thinker);
}

TEST_CASE("so is one whose body came behind its head", "[scenario][leaving]") {
    Thinker thinker;
    ScriptedOrigin origin(thinker.script());
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const bool is_chunked = GENERATE(false, true);
    const std::string framing = is_chunked ? "Transfer-Encoding: chunked" : "Content-Length: 2";
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n"));
    REQUIRE(eventually([&] { return origin.connections() == 1; }));
    REQUIRE(client.send(is_chunked ? "2\r\nhi\r\n0\r\n\r\n" : "hi"));
    REQUIRE(eventually([&] { return thinker.asked.load() == 1; }));
    // Before it is looked at, or after.
    if (GENERATE(true, false)) CHECK(is_left_alone(proxy));
    client.reset();
    check_given_up(proxy, thinker);
}

TEST_CASE("so is one whose body its endpoint does not take", "[scenario][leaving]") {
    std::atomic<bool> is_asked{false};
    std::atomic<bool> is_over{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        is_asked.store(true);
        eventually([&] { return is_over.load(); });
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"));
    REQUIRE(eventually([&] { return is_asked.load(); }));
    const std::string piece(100'000, 'x');
    const auto takes = [&] {
        return ::send(client.descriptor(), piece.data(), piece.size(),
                      MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    };
    while (eventually(300ms, takes)) {
    }
    client.reset();
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_closed) == 1; }));
    is_over.store(true);
}

TEST_CASE("a client's end of its side ends its request where the listener says so",
          "[scenario][leaving]") {
    Thinker thinker;
    ScriptedOrigin origin(thinker.script());
    ProxyFixture proxy(cuts_both_sides);
    proxy.serve({origin.address()});
    const auto request = GENERATE(as<std::string>(), plain_get,
                                  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
                                  plain_get + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    auto client = proxy.connect();
    REQUIRE(client.send(request));
    REQUIRE(eventually([&] { return thinker.asked.load() == 1; }));
    client.close();
    check_given_up(proxy, thinker);
}

TEST_CASE("a TLS client that goes away ends its request", "[scenario][leaving]") {
    Thinker thinker;
    ScriptedOrigin origin(thinker.script());
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        cuts_both_sides(settings);
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    {
        TlsClient client(proxy.connect());
        client.send(plain_get);
        REQUIRE(eventually([&] { return thinker.asked.load() == 1; }));
        CHECK(is_left_alone(proxy));  // and looked at
    }
    check_given_up(proxy, thinker);
}

TEST_CASE("a client that only ends its side gets its answer", "[scenario][leaving]") {
    std::atomic<bool> it_may{false};
    ScriptedOrigin origin(answering_when(it_may));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(plain_get));
    client.shut_down_writing();
    CHECK(is_left_alone(proxy));
    it_may.store(true);
    CHECK(client.read_response().body == "thought");
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("one that goes some time after its side is found out", "[scenario][leaving]") {
    Thinker thinker;
    ScriptedOrigin origin(thinker.script());
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(plain_get));
    SECTION("having ended it") {
        client.shut_down_writing();
    }
    SECTION("having sent on") {
        REQUIRE(client.send(plain_get));
    }
    CHECK(is_left_alone(proxy));
    client.reset();
    check_given_up(proxy, thinker);
}

TEST_CASE("who sends on while his answer is awaited has not gone", "[scenario][leaving]") {
    std::atomic<bool> it_may{false};
    ScriptedOrigin origin(answering_when(it_may));
    ProxyFixture proxy(cuts_both_sides);
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(plain_get));
    CHECK(is_left_alone(proxy));
    REQUIRE(client.send(plain_get));
    CHECK(is_left_alone(proxy));
    it_may.store(true);
    CHECK(client.read_response().body == "thought");
    CHECK(client.read_response().body == "thought");
    CHECK(client.exchange(plain_get).body == "thought");
}

TEST_CASE("a client that leaves within its head is counted, one between requests is not",
          "[scenario][leaving]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("served"));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto complete = proxy.connect();
    CHECK(complete.exchange(plain_get).body == "served");
    complete.close();
    CHECK(is_left_alone(proxy));
    auto partial = proxy.connect();
    REQUIRE(partial.send("GET / HT"));
    partial.close();
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_closed) == 1; }));
}

TEST_CASE("a client that leaves during an answer without news ends it", "[scenario][leaving]") {
    std::atomic<int> given_up{0};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        if (peer.is_closed_by_peer()) given_up.fetch_add(1);
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(plain_get));
    CHECK(client.read_head().starts_with("HTTP/1.1 200"));
    client.reset();
    CHECK(eventually([&] { return given_up.load() == 1; }));
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_closed) == 1; }));
}

TEST_CASE("half_close: false ends a tunnel with its client's side", "[scenario][leaving]") {
    std::atomic<int> given_up{0};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(websocket_response());
        peer.read_to_end();
        eventually([&] { return !peer.send("still here"); });
        given_up.fetch_add(1);
    });
    ProxyFixture proxy(cuts_both_sides);
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    REQUIRE(client.send(websocket_request("/")));
    CHECK(client.read_head().starts_with("HTTP/1.1 101"));
    client.shut_down_writing();
    CHECK(eventually([&] { return given_up.load() == 1; }));
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::tunnels_open) == 0; }));
}
