// Idle connections to endpoints: whose they are, how long, and who ends them.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace fairlead;
using namespace fairlead::test;
using metrics::Metric;

namespace {

constexpr auto get = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

}  // namespace

TEST_CASE(
    "an endpoint that closes an idle connection, or sends something on it, is noticed at once",
    "[scenario][idle]") {
    std::atomic<int> ended{0};
    const bool sends = GENERATE(false, true);
    ScriptedOrigin origin([&](SocketPeer& peer, int index) {
        peer.read_head();
        peer.send(response_text(std::to_string(index)));
        if (!eventually([&] { return ended > index; })) return;
        if (!sends) return;
        peer.send(response_text("not asked for"));
        peer.read_to_end();
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto idle = [&] { return proxy.plane().total(Metric::upstream_idle); };
    for (int i = 0; i < 3; ++i) {
        CHECK(client.exchange(get).body == std::to_string(i));
        REQUIRE(eventually([&] { return idle() == 1; }));
        ended = i + 1;
        REQUIRE(eventually([&] { return idle() == 0; }));
    }
    CHECK(proxy.plane().total(Metric::attempts_repeated) == 0);
    CHECK(proxy.plane().total(Metric::upstream_connects) == 3);
    // A connection that was closed is a lesson; one with strange bytes on it is none.
    CHECK((proxy.endpoint().idle_limit(Clock::now()) < 4s) == !sends);
}

TEST_CASE("an idle connection is given up before the time that the endpoint announces",
          "[scenario][idle]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        while (!peer.read_head().empty())
            peer.send(response_text("x", "200 OK", "Keep-Alive: timeout=1, max=9\r\n"));
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response = client.exchange(get);
    CHECK(response.status == 200);
    CHECK(response.fields.count("keep-alive") == 0);
    CHECK(eventually([&] { return proxy.plane().total(Metric::upstream_idle) == 1; }));
    CHECK(proxy.endpoint().idle_limit(Clock::now()) == 500ms);
    CHECK(eventually([&] { return proxy.plane().total(Metric::upstream_idle) == 0; }));
}
