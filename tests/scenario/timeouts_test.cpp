#include "proxy/net/descriptor.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Takes a request and says nothing.
ScriptedOrigin::Script silent() {
    return [](SocketPeer& peer, int) { peer.read_to_end(); };
}

/// Listens, but its queue is full: the kernel drops every further SYN.
class FullQueue {
public:
    FullQueue() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in name = {};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof name;
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size);
        ::listen(listener_.get(), 0);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
        port_ = ntohs(name.sin_port);
        for (int i = 0; i < 4; ++i) {
            waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            ::connect(waiting_.back().get(), reinterpret_cast<sockaddr*>(&name), size);
        }
    }
    model::Address address() const { return model::Address::tcp("127.0.0.1", port_); }

private:
    net::Descriptor listener_;
    std::vector<net::Descriptor> waiting_;
    std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("an endpoint that does not take the connection is a 504 after timeouts.connect",
          "[scenario][timeouts]") {
    const FullQueue full;
    ScriptedOrigin good(ScriptedOrigin::answering("good"));
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.connect = 100ms;
    proxy.serve({full.address()}, settings);
    auto client = proxy.connect();
    const auto response = client.exchange(plain_get);
    CHECK(response.status == 504);
    CHECK(response.fields.at("x-fairlead-reason") == "connect_timeout");

    settings.policy = "round_robin";
    ProxyFixture both;
    both.serve({full.address(), good.address()}, settings);
    auto other = both.connect();
    CHECK(other.exchange(plain_get).body == "good");
    CHECK(both.endpoint(0).is_ejected(Clock::now()));
}

TEST_CASE("an endpoint that says nothing is a 504 after timeouts.first_byte",
          "[scenario][timeouts]") {
    ScriptedOrigin origin(silent());
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.first_byte = 100ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    const auto response = client.exchange(plain_get);
    CHECK(response.status == 504);
    CHECK(response.fields.at("x-fairlead-reason") == "first_byte_timeout");
    CHECK(origin.connections() == 1);
}

TEST_CASE("the wait for the first byte begins when the request is complete",
          "[scenario][timeouts]") {
    ScriptedOrigin origin(silent());
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.first_byte = 150ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    const auto began = Clock::now();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    REQUIRE(eventually([&] { return Clock::now() - began > 400ms; }));
    client.send("cd");
    const auto response = client.read_response();
    CHECK(response.fields.at("x-fairlead-reason") == "first_byte_timeout");
    CHECK(Clock::now() - began > 500ms);
}

TEST_CASE("an endpoint that stops in its body cuts the answer after timeouts.idle",
          "[scenario][timeouts]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer.read_to_end();
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.idle = 100ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    const auto response = client.exchange(plain_get);
    CHECK_FALSE(response.complete);
    CHECK(eventually([&] { return proxy.plane().total(Reason::upstream_idle_timeout) == 1; }));
}

TEST_CASE("the whole exchange ends after timeouts.total", "[scenario][timeouts]") {
    ScriptedOrigin origin(silent());
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.total = 100ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    CHECK(client.exchange(plain_get).fields.at("x-fairlead-reason") == "total_timeout");
}

TEST_CASE("a request head that does not arrive in time is a 408, however busily it drips",
          "[scenario][timeouts]") {
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].head_timeout = 200ms; });
    auto client = proxy.connect();
    const auto began = Clock::now();
    auto last = began;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    while (Clock::now() - began < 150ms) {
        if (Clock::now() - last > 20ms) {
            client.send("X");
            last = Clock::now();
        }
    }
    const auto response = client.read_response();
    CHECK(response.status == 408);
    CHECK(response.fields.at("x-fairlead-reason") == "head_timeout");
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("empty lines ahead of a request do not hold a connection", "[scenario][timeouts]") {
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].head_timeout = 100ms; });
    auto client = proxy.connect();
    client.send("\r\n");
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("a request body that stops arriving is a 408", "[scenario][timeouts]") {
    ScriptedOrigin origin(silent());
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].body_timeout = 100ms; });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response =
        client.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    CHECK(response.status == 408);
    CHECK(response.fields.at("x-fairlead-reason") == "body_timeout");
    CHECK_FALSE(proxy.endpoint().is_ejected(Clock::now()));
}

TEST_CASE("an idle client connection is closed without a word after keep_alive",
          "[scenario][timeouts]") {
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].keep_alive = 100ms; });
    auto client = proxy.connect();
    CHECK(client.is_closed_by_peer());
}

TEST_CASE("a client that does not read is cut, and holds no memory meanwhile",
          "[scenario][timeouts]") {
    const std::string piece(64 * 1024, 'x');
    std::atomic<std::size_t> accepted{0};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        while (peer.send(piece)) accepted.fetch_add(piece.size());
    });
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].body_timeout = 300ms; });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.shrink_buffers();
    client.send(plain_get);
    CHECK(eventually([&] { return proxy.plane().total(Reason::client_write_timeout) == 1; }));
    // What the endpoint could send is what socket buffers hold, far from the gigabyte.
    CHECK(accepted.load() < 64u * 1024 * 1024);
}

TEST_CASE("a 100 is not the first byte of the answer, and an upload that moves is not idle",
          "[scenario][timeouts]") {
    std::atomic<bool> it_may{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        if (head.starts_with("PUT")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        peer.read_exactly(10);
        eventually([&] { return it_may.load(); });
        peer.send(head.starts_with("PUT") ? "ok" : response_text("ok"));
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.idle = 600ms;  // shorter than the upload, longer than a busy machine's pauses
    proxy.serve({origin.address()}, settings);
    const std::string method = GENERATE(as<std::string>(), "POST", "PUT");
    auto client = proxy.connect();
    client.send(method +
                " / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read_head().starts_with("HTTP/1.1 100"));
    const auto is_cut = [&] { return proxy.plane().total(metrics::Metric::requests_active) == 0; };
    for (int i = 0; i < 10; ++i) {
        client.send("x");
        REQUIRE_FALSE(eventually(90ms, is_cut));
    }
    // An answer that has begun has to go on; one that has not may take timeouts.first_byte.
    if (method == "POST") CHECK_FALSE(eventually(800ms, is_cut));
    it_may.store(true);
    CHECK(client.read_response().body == "ok");
}

TEST_CASE("an endpoint that takes nothing of an upload is a 504 after timeouts.idle",
          "[scenario][timeouts]") {
    std::atomic<bool> is_over{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        eventually([&] { return is_over.load(); });
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.idle = 200ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    std::thread sender([&] {
        const std::string piece(100'000, 'x');
        for (int i = 0; i < 1000 && client.send(piece); ++i) {
        }
    });
    CHECK(eventually([&] { return proxy.plane().total(Reason::upstream_idle_timeout) == 1; }));
    is_over.store(true);
    client.shut_down_writing();
    sender.join();
}

TEST_CASE("who waits for a 100 is not late; its endpoint may be", "[scenario][timeouts]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        if (head.starts_with("PUT")) return (void)peer.read_to_end();
        eventually(1300ms, [] { return false; });  // longer than body_timeout
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.read_exactly(2);
        peer.send(response_text("ok"));
    });
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].body_timeout = 1s; });
    model::ServiceSettings settings;
    settings.timeouts.first_byte = 3s;
    proxy.serve({origin.address()}, settings);
    const std::string rest =
        " / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    auto patient = proxy.connect();
    patient.send("POST" + rest);
    REQUIRE(patient.read_head().starts_with("HTTP/1.1 100"));
    patient.send("hi");
    CHECK(patient.read_response().body == "ok");
    auto forgotten = proxy.connect();
    const auto late = forgotten.exchange("PUT" + rest);
    CHECK(late.status == 504);
    CHECK(late.fields.at("x-fairlead-reason") == "first_byte_timeout");
}

TEST_CASE("once its answer has begun a body may come as slowly as it likes",
          "[scenario][timeouts]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        peer.read_exactly(2);
        peer.send("ok");
    });
    ProxyFixture proxy(
        [](model::ProcessSettings& settings) { settings.listeners[0].min_rates.grace = 1s; });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    const auto is_cut = [&] { return proxy.plane().total(Reason::body_timeout) > 0; };
    CHECK_FALSE(eventually(1500ms, is_cut));
    client.send("hi");
    CHECK(client.read_response().body == "ok");
}

TEST_CASE("an endpoint that stops within its answer's head is idle", "[scenario][timeouts]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-");
        peer.read_to_end();
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.idle = 200ms;
    proxy.serve({origin.address()}, settings);
    const auto response = proxy.connect().exchange(plain_get);
    CHECK(response.status == 504);
    CHECK(response.fields.at("x-fairlead-reason") == "upstream_idle_timeout");
}

TEST_CASE("timeouts.total ends what waits for the client to take interim answers",
          "[scenario][timeouts]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        const auto hint = "HTTP/1.1 103 Early Hints\r\nX: " + std::string(8000, 'x') + "\r\n\r\n";
        for (int i = 0; i < 10'000 && peer.send(hint); ++i) {
        }
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.timeouts.total = 500ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    client.send(plain_get);
    CHECK(eventually([&] { return proxy.plane().total(Reason::total_timeout) == 1; }));
    CHECK(eventually([&] { return proxy.plane().total(metrics::Metric::requests_active) == 0; }));
}
