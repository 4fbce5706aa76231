// Endpoints by host name, with a name service that the test holds.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <memory>

using namespace fairlead;
using namespace fairlead::test;
using upstream::Resolver;

namespace {

constexpr auto get = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

Resolver::Answer found(const std::string& ip) {
    return {std::make_shared<const Resolver::Addresses>(1, *model::read_ip(ip)), {}, false};
}

Resolver::Answer not_found() {
    return {nullptr, {ENOENT, boost::system::system_category()}, true};
}

}  // namespace

TEST_CASE("an endpoint's host name is resolved, once for many connections", "[scenario][names]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(response_text("named", "200 OK", "Connection: close\r\n"));
    });
    std::atomic<int> asked{0};
    ProxyFixture proxy({}, [&](const std::string& host) {
        ++asked;
        return host == "app.internal" ? found("127.0.0.1") : not_found();
    });
    proxy.serve({model::Address::tcp("app.internal", origin.address().port)});
    auto client = proxy.connect();
    for (int i = 0; i < 5; ++i) CHECK(client.exchange(get).body == "named");
    CHECK(origin.connections() == 5);
    CHECK(asked == 1);
}

TEST_CASE("a name's second address is tried where the first refuses", "[scenario][names]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("second"));
    ProxyFixture proxy({}, [](const std::string&) {
        const Resolver::Addresses both = {*model::read_ip("127.0.0.77"),
                                          *model::read_ip("127.0.0.1")};
        return Resolver::Answer{std::make_shared<const Resolver::Addresses>(both), {}, false};
    });
    proxy.serve({model::Address::tcp("app.internal", origin.address().port)});
    CHECK(proxy.connect().exchange(get).body == "second");
}

TEST_CASE("a name that nobody knows is a 502 with its reason", "[scenario][names]") {
    ProxyFixture proxy({}, [](const std::string&) { return not_found(); });
    proxy.serve({model::Address::tcp("nowhere.internal", 80)});
    const auto response = proxy.connect().exchange(get);
    CHECK(response.status == 502);
    CHECK(response.fields.at("x-fairlead-reason") == "resolve_failed");
}

TEST_CASE("a name service that hangs costs the connect timeout, and others nothing",
          "[scenario][names]") {
    std::promise<void> is_over;
    const auto over = is_over.get_future().share();
    ScriptedOrigin origin(ScriptedOrigin::answering("numeric"));
    ProxyFixture proxy({}, [over](const std::string&) {
        over.wait();
        return not_found();
    });
    auto state = one_service({origin.address()});
    auto slow = one_service({model::Address::tcp("slow.internal", 80)});
    slow.services[0].name = "slow";
    slow.services[0].settings->timeouts.connect = 300ms;
    slow.services[0].settings->attempts = 1;
    state.services.push_back(slow.services[0]);
    state.routes.push_back({"slow", "", "slow", {}});
    proxy.publish(state);
    auto waiting = proxy.connect();
    waiting.send("GET / HTTP/1.1\r\nHost: slow\r\n\r\n");
    CHECK(proxy.connect().exchange(get).body == "numeric");
    const auto response = waiting.read_response();
    CHECK(response.status == 504);
    CHECK(response.fields.at("x-fairlead-reason") == "connect_timeout");
    is_over.set_value();
}
