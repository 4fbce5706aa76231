// What routes do besides leading to a service, from the configuration file to the wire. The texts
// are those of docs/configuration.md.
#include "control/config/config_loader.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>
#include <set>

using namespace fairlead;
using namespace fairlead::test;

namespace {

/// Answers with its name, and what it got.
ScriptedOrigin::Script named(const std::string& name) {
    return [name](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.read_body_of(head);
            peer.send(response_text(name + "\n" + head, "200 OK", "X-Powered-By: test\r\n"));
        }
    };
}

/// Two services, `web` and `next`, and one without endpoints, `empty`.
struct Site {
    explicit Site(const std::string& routes,
                  const std::function<void(model::ProcessSettings&)>& adjust = {})
        : web(named("web")), next(named("next")), proxy(adjust) {
        publish(routes);
    }

    void publish(const std::string& routes) {
        const auto text = fmt::format(
            "services:\n  web: {{endpoints: [\"{}\"]}}\n  next: {{endpoints: [\"{}\"]}}\n  empty: "
            "{{}}\nroutes:\n{}",
            to_string(web.address()), to_string(next.address()), routes);
        const auto loaded = control::parse_config(text, "f.yaml");
        for (const auto& problem : loaded.problems) UNSCOPED_INFO(problem.to_string());
        REQUIRE(loaded.ok());
        proxy.publish(loaded.desired);
    }

    /// Of a GET with those fields.
    Response get(const std::string& target, const std::string& fields = "",
                 const std::string& method = "GET") {
        auto client = proxy.connect();
        return client.exchange(method + " " + target + " HTTP/1.1\r\nHost: site.test:81\r\n" +
                               fields + "\r\n");
    }
    /// The service that answered.
    std::string service_of(const std::string& target, const std::string& fields = "",
                           const std::string& method = "GET") {
        const auto response = get(target, fields, method);
        return response.body.substr(0, response.body.find('\n'));
    }

    ScriptedOrigin web;
    ScriptedOrigin next;
    ProxyFixture proxy;
};

bool has_line(const std::string& head, const std::string& line) {
    return head.find("\n" + line + "\r\n") != std::string::npos;
}

const std::string from_abroad = "X-Forwarded-For: 203.0.113.9\r\n";

void trust_loopback(model::ProcessSettings& settings) {
    settings.listeners.front().trusted_proxies = {*model::parse_ip_prefix("127.0.0.0/8")};
}

}  // namespace

TEST_CASE("routes of one path are told apart by method, header and query", "[scenario][routing]") {
    Site site(
        "  - {host: '*', service: web}\n"
        "  - {host: '*', match: {methods: [POST, PUT]}, service: next}\n"
        "  - {host: '*', match: {methods: [POST], headers: {x-to: web}}, service: web}\n"
        "  - {host: '*', path: /q, match: {query: {beta: '*'}}, service: next}\n"
        "  - {host: '*', path: /h, match: {headers: {X-Version: '2*'}}, service: next}\n");
    CHECK(site.service_of("/") == "web");
    CHECK(site.service_of("/", "Content-Length: 0\r\n", "POST") == "next");
    CHECK(site.service_of("/", "Content-Length: 0\r\nX-To: web\r\n", "POST") == "web");
    CHECK(site.service_of("/q") == "web");
    CHECK(site.service_of("/q?a=1&beta") == "next");
    CHECK(site.service_of("/q?betas=1") == "web");
    CHECK(site.service_of("/h", "x-version: 2.1\r\n") == "next");
    CHECK(site.service_of("/h", "x-version: 3\r\n") == "web");
}

TEST_CASE("a prefix is replaced or left out, and Host rewritten", "[scenario][routing]") {
    Site site(
        "  - {host: '*', path: /strip, service: web, rewrite: {prefix: /}}\n"
        "  - {host: '*', path: /old/api, service: web, rewrite: {prefix: /v2, host: "
        "'in.test:8'}}\n");
    const auto line = [&](const std::string& target) {
        const auto body = site.get(target).body;
        const auto at = body.find('\n') + 1;
        return body.substr(at, body.find('\r') - at);
    };
    CHECK(line("/strip") == "GET / HTTP/1.1");
    CHECK(line("/strip?a=1") == "GET /?a=1 HTTP/1.1");
    CHECK(line("/strip/a/b?c=//d") == "GET /a/b?c=//d HTTP/1.1");
    CHECK(line("//strip//evil.test/") == "GET /evil.test/ HTTP/1.1");
    CHECK(line("/old/api/x?y") == "GET /v2/x?y HTTP/1.1");
    CHECK(line("/old/api") == "GET /v2 HTTP/1.1");
    CHECK(line("/old/api/") == "GET /v2/ HTTP/1.1");
    const auto body = site.get("/old/api").body;
    CHECK(has_line(body, "Host: in.test:8"));
    CHECK(has_line(body, "X-Forwarded-Host: site.test:81"));
}

TEST_CASE("redirects keep what they do not change", "[scenario][routing]") {
    Site site(
        "  - {host: '*', redirect: https}\n"
        "  - {host: '*', path: /moved, redirect: {host: new.test, status: 301}}\n"
        "  - {host: '*', path: /old, rewrite: {prefix: /new}, redirect: {status: 302, scheme: "
        "https, port: 8443}}\n"
        "  - {host: '*', path: /page, redirect: {status: 307, path: /other}}\n");
    struct Row {
        std::string target;
        int status;
        std::string location;
    };
    const Row rows[] = {
        {"/a?b=c", 308, "https://site.test/a?b=c"},
        {"/moved/x?y", 301, "http://new.test/moved/x?y"},
        {"/old/x?y", 302, "https://site.test:8443/new/x?y"},
        {"/page/1?y", 307, "http://site.test:81/other?y"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.target);
        const auto response = site.get(row.target);
        CHECK(response.status == row.status);
        CHECK(response.fields.at("location") == row.location);
        CHECK(response.fields.at("x-fairlead-reason") == "redirected");
    }
}

TEST_CASE("what came by https already is served", "[scenario][routing]") {
    Site site("  - {host: '*', service: web, redirect: https}\n", trust_loopback);
    CHECK(site.get("/").status == 308);
    CHECK(site.service_of("/", "X-Forwarded-Proto: https\r\n") == "web");
    CHECK(site.get("/", "X-Forwarded-Proto: http\r\n").status == 308);
}

TEST_CASE("an empty list of who may come lets nobody in", "[scenario][routing]") {
    Site site("  - {host: '*', service: web, allow: []}\n");
    CHECK(site.get("/").status == 403);
}

TEST_CASE("a redirect does not lead to where the request is", "[scenario][routing]") {
    Site site(
        "  - {host: '*', service: web, redirect: {scheme: http, port: 81}}\n"
        "  - {host: '*', path: /host, service: web, redirect: {host: 'site.test:81'}}\n"
        "  - {host: '*', path: /other, service: web, redirect: {host: site.test}}\n"
        "  - {host: '*', path: /tls, service: web, redirect: {scheme: https, port: 8443}}\n",
        trust_loopback);
    CHECK(site.service_of("/", "") == "web");
    CHECK(site.service_of("/host", "") == "web");
    CHECK(site.get("/other").fields.at("location") == "http://site.test/other");
    CHECK(site.get("/tls").fields.at("location") == "https://site.test:8443/tls");
    CHECK(site.get("/tls", "X-Forwarded-Proto: https\r\n").fields.at("location") ==
          "https://site.test:8443/tls");
    // Of several proxies the first was asked by the client.
    CHECK(site.service_of("/", "X-Forwarded-Proto: http, https\r\n") == "web");
    CHECK(site.get("/", "X-Forwarded-Proto: https, http\r\n").fields.at("location") ==
          "http://site.test:81/");
}

TEST_CASE("headers are set, added and removed both ways", "[scenario][routing]") {
    Site site(
        "  - host: '*'\n"
        "    service: web\n"
        "    request_headers:\n"
        "      set: {X-Tenant: blue}\n"
        "      add: {Accept-Language: en}\n"
        "      remove: [Cookie]\n"
        "    response_headers:\n"
        "      set: {Strict-Transport-Security: max-age=60}\n"
        "      remove: [X-Powered-By]\n"
        "  - {host: '*', path: /none, service: empty, response_headers: {add: {X-A: b}}}\n");
    const auto response = site.get(
        "/", "x-tenant: red\r\nCookie: a=b\r\nAccept-Language: de\r\nConnection: X-Tenant\r\n");
    CHECK(has_line(response.body, "X-Tenant: blue"));
    CHECK(response.body.find("red") == std::string::npos);
    CHECK(response.body.find("Cookie") == std::string::npos);
    CHECK(has_line(response.body, "Accept-Language: de"));
    CHECK(has_line(response.body, "Accept-Language: en"));
    CHECK(response.fields.at("strict-transport-security") == "max-age=60");
    CHECK(response.fields.count("x-powered-by") == 0);
    // Our own answers get them too, and the next request on another route does not.
    CHECK(site.get("/none").fields.at("x-a") == "b");
}

TEST_CASE("a split shares requests out by weight, and stays with a client on demand",
          "[scenario][routing]") {
    Site site(
        "  - {host: '*', split: [{service: web, weight: 3}, {service: next, weight: 1}]}\n"
        "  - {host: '*', path: /ip, split: [{service: web}, {service: next}], split_by: "
        "client_ip}\n"
        "  - {host: '*', path: /c, split: [{service: web}, {service: next}], split_by: "
        "'cookie:id'}\n"
        "  - {host: '*', path: /gone, split: [{service: empty, weight: 9}, {service: nobody, "
        "weight: 9}, {service: next}]}\n"
        "  - {host: '*', path: /none, split: [{service: empty}]}\n"
        "  - {host: '*', path: /undefined, split: [{service: nobody}]}\n",
        trust_loopback);
    auto client = site.proxy.connect();
    int of_web = 0;
    for (int i = 0; i < 400; ++i) {
        const auto response = client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        if (response.body.starts_with("web")) ++of_web;
    }
    CHECK(of_web > 250);
    CHECK(of_web < 350);

    std::map<std::string, std::string> first;
    std::set<std::string> seen;
    for (int round = 0; round < 3; ++round) {
        for (int i = 1; i < 20; ++i) {
            const auto n = std::to_string(i);
            const auto by_ip = site.service_of("/ip", "X-Forwarded-For: 192.0.2." + n + "\r\n");
            const auto by_cookie = site.service_of("/c", "Cookie: a=1; id=" + n + "; b=2\r\n");
            CHECK(first.try_emplace("ip" + n, by_ip).first->second == by_ip);
            CHECK(first.try_emplace("cookie" + n, by_cookie).first->second == by_cookie);
            seen.insert("ip " + by_ip);
            seen.insert("cookie " + by_cookie);
        }
    }
    CHECK(seen.size() == 4);
    for (int i = 0; i < 10; ++i) CHECK(site.service_of("/gone") == "next");
    CHECK(site.get("/none").fields.at("x-fairlead-reason") == "no_endpoint");
    CHECK(site.get("/undefined").fields.at("x-fairlead-reason") == "no_service");
}

TEST_CASE("a rate limit answers 429, by client, over workers and changes", "[scenario][routing]") {
    const std::string routes =
        "  - {host: '*', service: web, rate_limit: {requests: 2, per: 1h}}\n"
        "  - {host: '*', path: /key, service: web, rate_limit: {requests: 1, per: 1m, by: "
        "'header:x-key'}}\n";
    Site site(routes, [](model::ProcessSettings& settings) {
        trust_loopback(settings);
        settings.workers = 2;
    });
    CHECK(site.get("/").status == 200);
    CHECK(site.get("/").status == 200);
    const auto refused = site.get("/");
    CHECK(refused.status == 429);
    CHECK(refused.fields.at("x-fairlead-reason") == "rate_limited");
    const auto wait = std::stoi(refused.fields.at("retry-after"));
    CHECK(wait > 1700);
    CHECK(wait <= 1800);
    CHECK(site.get("/", from_abroad).status == 200);
    site.publish(routes + "  - {host: other.test, service: next}\n");
    for (int i = 0; i < 4; ++i) CHECK(site.get("/").status == 429);

    CHECK(site.get("/key", "X-Key: a\r\n").status == 200);
    CHECK(site.get("/key", "X-Key: a\r\n").status == 429);
    CHECK(site.get("/key", "X-Key: b\r\n").status == 200);
}

TEST_CASE("only allowed addresses come in, as far as proxies are trusted", "[scenario][routing]") {
    Site site(
        "  - {host: '*', service: web, allow: [203.0.113.0/24], deny: [203.0.113.9]}\n"
        "  - {host: '*', path: /open, service: web, deny: [203.0.113.0/24]}\n",
        trust_loopback);
    CHECK(site.get("/", "X-Forwarded-For: 203.0.113.8\r\n").status == 200);
    const auto refused = site.get("/", from_abroad);
    CHECK(refused.status == 403);
    CHECK(refused.fields.at("x-fairlead-reason") == "client_not_allowed");
    CHECK(site.get("/").status == 403);
    CHECK(site.get("/open").status == 200);
    CHECK(site.get("/open", from_abroad).status == 403);
    // What a client itself says in front of the trusted proxy's word counts for nothing.
    CHECK(site.get("/open", "X-Forwarded-For: 192.0.2.1, 203.0.113.9\r\n").status == 403);
}
