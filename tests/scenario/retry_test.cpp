// A failed attempt is repeated where that is harmless, once, elsewhere; and never where it is not.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string small_post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

/// An address that refuses connections: it was bound a moment ago and is not any more.
model::Address refusing_address() {
    ScriptedOrigin origin([](SocketPeer&, int) {});
    return origin.address();
}

model::ServiceSettings in_turn() {
    model::ServiceSettings settings;
    settings.policy = "round_robin";
    return settings;
}

}  // namespace

TEST_CASE("a refused connection goes to another endpoint, whatever the method",
          "[scenario][retry]") {
    ScriptedOrigin good(ScriptedOrigin::answering("good"));
    for (const auto& request : {plain_get, small_post}) {
        ProxyFixture proxy;
        proxy.serve({refusing_address(), good.address()}, in_turn());
        auto client = proxy.connect();
        for (int i = 0; i < 4; ++i) {
            const auto response = client.exchange(request);
            CHECK(response.status == 200);
        }
        // The refusing one was tried once, and then left out of choice.
        CHECK(proxy.plane().total(metrics::Metric::attempts_repeated) == 1);
        CHECK(proxy.plane().total(Reason::connect_refused) == 1);
        CHECK(proxy.endpoint(0).is_ejected(Clock::now()));
    }
}

TEST_CASE("when every endpoint refuses, the client learns it", "[scenario][retry]") {
    ProxyFixture proxy;
    proxy.serve({refusing_address(), refusing_address()});
    auto client = proxy.connect();
    const auto response = client.exchange(plain_get);
    CHECK(response.status == 502);
    CHECK(response.fields.at("x-fairlead-reason") == "connect_refused");
    // Ejected endpoints are tried again rather than nobody.
    CHECK(client.exchange(plain_get).fields.at("x-fairlead-reason") == "connect_refused");
}

TEST_CASE(
    "a connection reset before the first byte goes to another endpoint, if the request is "
    "idempotent",
    "[scenario][retry]") {
    std::atomic<int> posts{0};
    ScriptedOrigin bad([&](SocketPeer& peer, int) {
        if (peer.read_head().starts_with("POST")) posts.fetch_add(1);
        peer.reset();
    });
    ScriptedOrigin good(ScriptedOrigin::answering("good"));
    ProxyFixture proxy;
    proxy.serve({bad.address(), good.address()}, in_turn());
    auto client = proxy.connect();
    CHECK(client.exchange(plain_get).body == "good");
    CHECK(proxy.endpoint(0).is_ejected(Clock::now()));

    ProxyFixture strict;
    strict.serve({bad.address()});
    auto poster = strict.connect();
    const auto response = poster.exchange(small_post);
    CHECK(response.status == 502);
    CHECK(response.fields.at("x-fairlead-reason") == "upstream_reset");
    CHECK(posts.load() == 1);
}

TEST_CASE("a pooled connection that the endpoint closed is replaced, and no failure",
          "[scenario][retry]") {
    std::atomic<int> closed{0};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        peer.read_body_of(head);
        peer.send(response_text("once"));
        peer.close();
        closed.fetch_add(1);
    });
    for (const auto& request : {plain_get, small_post}) {
        ProxyFixture proxy;
        proxy.serve({origin.address()});
        auto client = proxy.connect();
        for (int i = 0; i < 5; ++i) {
            CHECK(client.exchange(request).body == "once");
            CHECK_FALSE(proxy.endpoint().is_ejected(Clock::now()));
            // Of a close that is still to come nobody can know; a GET would be repeated even then.
            CHECK(eventually([&] { return closed.load() == origin.connections(); }));
        }
    }
}

TEST_CASE("several old connections in the pool cost one repetition, not one each",
          "[scenario][retry]") {
    std::atomic<bool> restarted{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (restarted.load()) return peer.reset();
            peer.send(response_text("old"));
        }
    });
    ScriptedOrigin* const live = &origin;
    ProxyFixture proxy;
    proxy.serve({live->address()});
    std::vector<SocketPeer> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(proxy.connect());
    for (auto& client : clients) client.send(plain_get);
    for (auto& client : clients) CHECK(client.read_response().body == "old");
    restarted.store(true);
    // Old connections are reset when used; the fresh one that follows is reset as well: an honest
    // 502.
    const auto response = clients[0].exchange(plain_get);
    CHECK(response.status == 502);
    CHECK(proxy.plane().total(metrics::Metric::attempts_repeated) <= 2);
}

TEST_CASE("nothing is repeated once the answer has begun", "[scenario][retry]") {
    ScriptedOrigin bad([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer.close();
    });
    ProxyFixture proxy;
    proxy.serve({bad.address()});
    auto client = proxy.connect();
    const auto response = client.exchange(plain_get);
    CHECK(response.status == 200);
    CHECK_FALSE(response.complete);
    CHECK(bad.connections() == 1);
    CHECK(eventually([&] { return proxy.plane().total(Reason::upstream_truncated) == 1; }));
}

TEST_CASE("answers that are not HTTP are a 502 with their reason", "[scenario][retry]") {
    const std::vector<std::pair<const char*, const char*>> rows = {
        {"nonsense\r\n\r\n", "bad_response"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         "bad_response_framing"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "bad_upgrade"},
    };
    for (const auto& [text, reason] : rows) {
        ScriptedOrigin origin([answer = text](SocketPeer& peer, int) {
            peer.read_head();
            peer.send(answer);
            peer.read_head();
        });
        ProxyFixture proxy;
        proxy.serve({origin.address()});
        auto client = proxy.connect();
        const auto response = client.exchange(plain_get);
        INFO(text);
        CHECK(response.status == 502);
        CHECK(response.fields.at("x-fairlead-reason") == reason);
    }
}
