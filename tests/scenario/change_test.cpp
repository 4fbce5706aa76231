// Changes while requests run: nobody waits, nobody fails, each connection stays with its worker.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

void two_workers(model::ProcessSettings& settings) {
    settings.workers = 2;
}

/// Clients that ask without pause until told to stop; counts what was not a 200.
class Load {
public:
    Load(ProxyFixture& proxy, int clients) {
        for (int i = 0; i < clients; ++i) threads_.emplace_back([this, &proxy] { run(proxy); });
    }
    ~Load() { finish(); }

    void finish() {
        stopping_.store(true);
        for (auto& thread : threads_) {
            if (thread.joinable()) thread.join();
        }
    }
    int failed() const { return failed_.load(); }
    int done() const { return done_.load(); }

private:
    void run(ProxyFixture& proxy) {
        auto client = proxy.connect();
        while (!stopping_.load()) {
            const auto response = client.exchange(plain_get);
            if (response.status == 200 && response.complete) {
                done_.fetch_add(1);
            } else {
                failed_.fetch_add(1);
                client = proxy.connect();
            }
        }
    }

    std::atomic<bool> stopping_{false};
    std::atomic<int> failed_{0};
    std::atomic<int> done_{0};
    std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("snapshots change under load on several workers and no request fails",
          "[scenario][change]") {
    ScriptedOrigin one(ScriptedOrigin::answering("one"));
    ScriptedOrigin two(ScriptedOrigin::answering("two"));
    ProxyFixture proxy(two_workers);
    proxy.serve({one.address()});
    Load load(proxy, 6);
    for (int i = 0; i < 60; ++i) {
        proxy.serve({two.address()});
        proxy.serve({one.address(), two.address()});
        proxy.serve({one.address()});
        const int seen = load.done();
        REQUIRE(eventually([&] { return load.done() > seen; }));
    }
    load.finish();
    CHECK(load.failed() == 0);
    CHECK(eventually([&] { return proxy.endpoint().in_flight() == 0; }));
}

TEST_CASE("an endpoint that drains gets no new request and finishes what it has",
          "[scenario][change]") {
    std::atomic<bool> finish{false};
    ScriptedOrigin slow([&](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (head.starts_with("GET /slow")) {
                if (!eventually([&] { return finish.load(); })) return;
            }
            peer.send(response_text("slow"));
        }
    });
    ScriptedOrigin other(ScriptedOrigin::answering("other"));
    ProxyFixture proxy(two_workers);
    proxy.serve({slow.address()});
    auto early = proxy.connect();
    early.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(eventually([&] { return proxy.endpoint().in_flight() == 1; }));

    auto state = one_service({slow.address(), other.address()});
    state.services[0].endpoints[0].admission = model::Admission::draining;
    proxy.publish(state);
    for (int i = 0; i < 10; ++i) CHECK(proxy.connect().exchange(plain_get).body == "other");
    finish.store(true);
    CHECK(early.read_response().body == "slow");
}

TEST_CASE("an endpoint that drains for longer than its service allows is cut",
          "[scenario][change]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.read_to_end();
    });
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.drain = 50ms;
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    client.send(plain_get);
    REQUIRE(eventually([&] { return proxy.endpoint().in_flight() == 1; }));
    auto state = one_service({origin.address()}, settings);
    state.services[0].endpoints[0].admission = model::Admission::draining;
    proxy.publish(state);
    const auto response = client.read_response();
    CHECK(response.status == 502);
    CHECK(response.fields.at("x-fairlead-reason") == "drain_timeout");
}

TEST_CASE("a port's next owner never gets its last owner's connections", "[scenario][change]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("Hello"));
    ProxyFixture proxy;
    auto state = one_service({origin.address()});
    state.services[0].endpoints[0].identity = "container-1 started-1";
    proxy.publish(state);
    auto client = proxy.connect();
    CHECK(client.exchange(plain_get).status == 200);
    CHECK(client.exchange(plain_get).status == 200);
    CHECK(origin.connections() == 1);
    state.services[0].endpoints[0].identity = "container-2 started-2";
    proxy.publish(state);
    CHECK(client.exchange(plain_get).status == 200);
    CHECK(origin.connections() == 2);
}

TEST_CASE("a drain from the control thread ends connections on their own workers",
          "[scenario][change]") {
    std::atomic<bool> finish{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            if (!eventually([&] { return finish.load(); })) return;
            peer.send(response_text("done"));
        }
    });
    ProxyFixture proxy(two_workers);
    proxy.serve({origin.address()});
    std::vector<SocketPeer> busy;
    for (int i = 0; i < 4; ++i) {
        busy.push_back(proxy.connect());
        busy.back().send(plain_get);
    }
    auto idle = proxy.connect();
    REQUIRE(eventually([&] { return proxy.endpoint().in_flight() == 4; }));
    std::atomic<bool> drained{false};
    proxy.begin_drain([&] { drained.store(true); });
    CHECK(idle.is_closed_by_peer());
    CHECK_FALSE(drained.load());
    finish.store(true);
    for (auto& client : busy) {
        const auto response = client.read_response();
        CHECK(response.body == "done");
        CHECK(client.is_closed_by_peer());
    }
    CHECK(eventually([&] { return drained.load(); }));
}

TEST_CASE("stopping with requests under way ends them and comes back", "[scenario][change]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) { peer.read_to_end(); });
    ProxyFixture proxy(two_workers);
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send(plain_get);
    REQUIRE(eventually([&] { return proxy.endpoint().in_flight() == 1; }));
    const auto began = Clock::now();
    proxy.plane().stop();
    CHECK(Clock::now() - began < 3s);
    CHECK(client.read_to_end().find("200 OK") == std::string::npos);
}
