// Clients that are slower than min_rates are cut; those that are not are served however long it
// takes.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <thread>
#include <vector>

using namespace fairlead;
using namespace fairlead::test;

namespace {

/// Sends `text` byte by byte, one in 20 ms, until all is sent or something comes back.
void drip(SocketPeer& client, const std::string& text) {
    for (const char byte : text) {
        client.send(std::string(1, byte));
        pollfd answer = {client.descriptor(), POLLIN, 0};
        if (::poll(&answer, 1, 20) > 0) return;
    }
}

std::function<void(model::ProcessSettings&)> with_rates(const model::MinRates& rates) {
    return [rates](model::ProcessSettings& settings) { settings.listeners[0].min_rates = rates; };
}

ScriptedOrigin::Script echo_body() {
    return [](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head())
            peer.send(response_text(peer.read_body_of(head)));
    };
}

}  // namespace

TEST_CASE("a head that comes slower than its minimum rate is a 408 long before head_timeout",
          "[scenario][slow]") {
    ProxyFixture proxy(with_rates({1000, 0, 0, 100ms}));
    auto client = proxy.connect();
    const auto began = Clock::now();
    drip(client, "GET / HTTP/1.1\r\nX: " + std::string(500, 'x'));
    const auto response = client.read_response();
    CHECK(response.status == 408);
    CHECK(response.fields.at("x-fairlead-reason") == "head_timeout");
    CHECK(Clock::now() - began < 5s);
}

TEST_CASE("a body that comes slower than its minimum rate is a 408", "[scenario][slow]") {
    ScriptedOrigin origin(echo_body());
    ProxyFixture proxy(with_rates({0, 1000, 0, 100ms}));
    proxy.serve({origin.address()});
    for (const std::string framing :
         {"Content-Length: 500\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1f4\r\n"}) {
        auto client = proxy.connect();
        const auto began = Clock::now();
        client.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing);
        drip(client, std::string(500, 'x'));
        const auto response = client.read_response();
        CHECK(response.status == 408);
        CHECK(response.fields.at("x-fairlead-reason") == "body_timeout");
        CHECK(Clock::now() - began < 5s);
    }
}

TEST_CASE("what comes slowly, but not slower than the minimum, is served", "[scenario][slow]") {
    ScriptedOrigin origin(echo_body());
    ProxyFixture proxy(with_rates({10, 10, 10, 100ms}));
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const std::string body(20, 'x');
    drip(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + body);
    CHECK(client.read_response().body == body);
}

TEST_CASE("a client that waits for the endpoint's 100 is not slow", "[scenario][slow]") {
    std::atomic<bool> may_go_on{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        eventually([&] { return may_go_on.load(); });
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.send(response_text(peer.read_body_of(head)));
    });
    ProxyFixture proxy(with_rates({0, 1000, 0, 100ms}));
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto began = Clock::now();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(eventually([&] { return Clock::now() - began > 400ms; }));
    may_go_on.store(true);
    CHECK(client.read_response().status == 100);
    client.send("Hello");
    CHECK(client.read_response().body == "Hello");
}

TEST_CASE("once the answer has begun the client may take its time", "[scenario][slow]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n");
        const auto body = peer.read_body_of(head);
        peer.send("0\r\n\r\n");
    });
    ProxyFixture proxy(with_rates({0, 1000, 0, 100ms}));
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n");
    const auto head = client.read_head();
    REQUIRE(head.starts_with("HTTP/1.1 200"));
    CHECK(client.read_exactly(10) == "5\r\nHello\r\n");
    const auto began = Clock::now();
    for (int i = 0; i < 20; ++i) {
        client.send("x");
        const auto next = began + i * 20ms;
        REQUIRE(eventually([&] { return Clock::now() > next; }));
    }
    CHECK(client.read_exactly(5) == "0\r\n\r\n");
}

TEST_CASE("an answer that is taken slower than its minimum rate is cut off", "[scenario][slow]") {
    const std::string piece(64 * 1024, 'x');
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        while (peer.send(piece)) {
        }
    });
    ProxyFixture proxy(with_rates({0, 0, 1024 * 1024 * 1024, 100ms}));
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.shrink_buffers();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // It reads on, a little at a time.
    REQUIRE(eventually([&] {
        pollfd readable = {client.descriptor(), POLLIN, 0};
        if (::poll(&readable, 1, 0) > 0) client.read_exactly(1);
        return proxy.plane().total(Reason::client_write_timeout) == 1;
    }));
}

TEST_CASE("small answers that a slow reader does not take at once come whole", "[scenario][slow]") {
    constexpr int requests = 1000;  // 10 MB: more than the kernel buffers
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string body(10 * 1024, 'x');
    ScriptedOrigin origin(ScriptedOrigin::answering(body));
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    std::string all;
    for (int i = 0; i < requests; ++i) all += get;
    client.send(all);
    // Others keep the worker busy, so that several connections are served in a round.
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i) {
        others.emplace_back([&] {
            auto other = proxy.connect();
            for (int n = 0; n < 1000; ++n) other.exchange(get);
        });
    }
    for (auto& other : others) other.join();
    client.shut_down_writing();
    int served = 0;
    for (; served < requests; ++served) {
        const auto response = client.read_response();
        if (response.status != 200 || response.body != body) break;
    }
    CHECK(served == requests);
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("a slow reader is not cut while it keeps up the minimum, whatever the kernel buffers",
          "[scenario][slow]") {
    const std::string body(8 * 1024 * 1024, 'x');
    ScriptedOrigin origin(ScriptedOrigin::answering(body));
    ProxyFixture proxy([](model::ProcessSettings& settings) {
        settings.listeners[0].min_rates = {0, 0, 1000, 100ms};
        settings.listeners[0].body_timeout = 500ms;  // a busy machine pauses us too
    });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.shrink_buffers();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // For two seconds, much longer than body_timeout, hardly anything is taken.
    const auto began = Clock::now();
    auto last = began;
    std::size_t taken = 0;
    REQUIRE(eventually([&] {
        if (Clock::now() - last > 20ms) {
            taken += client.read_exactly(2000).size();
            last = Clock::now();
        }
        return Clock::now() - began > 2s;
    }));
    CHECK(taken < body.size() / 2);
    CHECK(proxy.plane().total(Reason::client_write_timeout) == 0);
    CHECK(client.read_exactly(2000).size() == 2000);
}
