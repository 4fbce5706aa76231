// A request allocates nothing once its like has been seen: every kind of storage is kept and used
// again.
#include "proxy/net/frame_pool.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/worker_allocations.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::test;

namespace {

constexpr int warm_up = 100;
constexpr int requests = 1000;

/// Answers by the first character of the path.
void answer(SocketPeer& peer, int) {
    const std::string large(10 * 1024, 'x');
    for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
        peer.read_body_of(head);
        const char kind = head[head.find('/') + 1];
        if (kind == 'l') {
            peer.send(response_text(large));
        } else if (kind == 'c') {
            peer.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n8\r\n, "
                "world!\r\n0\r\n\r\n");
        } else {
            peer.send(response_text("Hello, world!"));
        }
    }
}

std::string request(const std::string& line, const std::string& fields,
                    const std::string& body = "") {
    return line + " HTTP/1.1\r\nHost: Example.org\r\n" + fields + "\r\n" + body;
}

/// Whether the worker allocates nothing for `requests` of them over one connection, after some of
/// the same. Under AddressSanitizer coroutine frames come from the heap: there it is only tried.
bool allocates_nothing(ProxyFixture& proxy, const std::string& text) {
    auto client = proxy.connect();
    const auto exchange = [&] {
        const auto response = client.exchange(text);
        return response.status == 200 && response.complete;
    };
    for (int i = 0; i < warm_up; ++i) REQUIRE(exchange());
    const WorkerAllocations counting;
    for (int i = 0; i < requests; ++i) {
        if (!exchange()) FAIL("a request failed");
    }
    return WorkerAllocations::count() == 0 || !FAIRLEAD_KEEP_FRAMES;
}

}  // namespace

TEST_CASE("the first request of a worker allocates, and that is seen", "[scenario][allocation]") {
    ScriptedOrigin origin(answer);
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    const WorkerAllocations counting;
    CHECK(proxy.connect().exchange(request("GET /small", "")).status == 200);
    CHECK(WorkerAllocations::count() > 0);
}

TEST_CASE("a request that has been seen before allocates nothing", "[scenario][allocation]") {
    ScriptedOrigin origin(answer);
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    const std::string browser =
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        "Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n"
        "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nCookie: " +
        std::string(300, 'c') + "\r\n";
    const std::vector<std::pair<const char*, std::string>> shapes = {
        {"a small answer", request("GET /small", "")},
        {"a browser's head", request("GET /small?a=b", browser)},
        {"an answer of 10 KiB", request("GET /large", "")},
        {"a chunked answer", request("GET /chunked", "")},
        {"a body with a length",
         request("POST /small", "Content-Length: 1000\r\n", std::string(1000, 'b'))},
        {"a chunked body", request("POST /small", "Transfer-Encoding: chunked\r\n",
                                   "5\r\nHello\r\n6\r\n world\r\n0\r\n\r\n")},
        {"HTTP/1.0", "GET /small HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"},
    };
    for (const auto& [what, text] : shapes) {
        INFO(what);
        CHECK(allocates_nothing(proxy, text));
    }
}

TEST_CASE("nor do a route's conditions and rules", "[scenario][allocation]") {
    using Of = model::FieldEdits::Of;
    ScriptedOrigin origin(answer);
    ProxyFixture proxy;
    auto state = one_service({origin.address()});
    model::RouteConditions conditions;
    conditions.add_method("GET");
    conditions.add_query(model::parse_value_condition("a", "*"));
    conditions.finish();
    model::RouteRules rules;
    rules.access.allow(*model::parse_ip_prefix("127.0.0.0/8"));
    rules.rate_limit = {1000000, 1s, 1000000, ""};
    rules.rewrite = {"/small/of/another/place/than/the/one/asked/for", "in.test"};
    rules.split.shares = {{"web", 1}, {"nobody", 1}};
    rules.split.by = model::Split::By::client_ip;
    REQUIRE(
        rules.request_fields.set(Of::request, "User-Agent", "none of your business").has_value());
    REQUIRE(rules.response_fields.set(Of::response, "X-A", "b").has_value());
    model::RouteSpec route;
    route.host = "*";
    route.path = "/old";
    route.conditions = conditions;
    route.rules = rules;
    state.routes.push_back(route);
    proxy.publish(state);
    CHECK(allocates_nothing(proxy, request("GET /old/page?a=b", "User-Agent: test\r\n")));
}

TEST_CASE("nor do API routes, their plugins and cookies, and the fallback",
          "[scenario][allocation]") {
    ScriptedOrigin origin(answer);
    ProxyFixture proxy;
    model::SourceState state;
    state.kind = model::SourceKind::store;
    model::ServiceSpec service;
    service.name = "web";
    model::PluginChain chain;
    chain.plugins = {
        {"stickiness", "sess"}, {"score", "least"}, {"weighted_score", "most"}, {"random", ""}};
    service.plugins = chain;
    for (const auto* const target : {"/small/one", "/small/other"}) {
        model::StoredServer stored;
        stored.text = to_string(origin.address()) + target;
        stored.target = target;
        stored.cookie = model::sticky_cookie(stored.text);
        model::EndpointSpec endpoint;
        endpoint.address = origin.address();
        endpoint.identity = stored.text;
        endpoint.stored = stored;
        service.endpoints.push_back(endpoint);
    }
    state.services.push_back(service);
    model::RouteSpec route;
    route.host = "example.org";
    route.service = "web";
    route.origin = {model::SourceKind::store, "frontend:example.org"};
    state.routes.push_back(route);
    proxy.publish(state);
    CHECK(allocates_nothing(proxy, request("GET /any", "Cookie: a=b; sess=other\r\n")));

    auto fallback = one_service({origin.address()});
    fallback.services.front().name = model::fallback_name;
    fallback.services.front().is_fallback = true;
    fallback.routes.clear();
    proxy.publish(fallback);
    CHECK(allocates_nothing(proxy, "GET /small HTTP/1.1\r\nHost: nobody.test\r\n\r\n"));
    CHECK(proxy.plane().total(metrics::Metric::fallbacks) >= requests);
}

TEST_CASE("nor does its line in the access log", "[scenario][allocation]") {
    ScriptedOrigin origin(answer);
    using Format = model::AccessLogSettings::Format;
    for (const auto format : {Format::json, Format::text}) {
        ProxyFixture proxy([&](model::ProcessSettings& settings) {
            settings.access_log = {"/dev/null", format};
        });
        proxy.serve({origin.address()});
        const auto text = request("GET /small?a=\"b\"", "User-Agent: a \"b\"\r\nReferer: c\r\n");
        CHECK(allocates_nothing(proxy, text));
        CHECK(proxy.plane().total(metrics::Metric::access_log_dropped) == 0);
    }
}
