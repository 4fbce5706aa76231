// Routes of the store, from Redx's keys to the wire: what endpoints and the fallback are told, how
// clients stay with a server, who answers where nobody else does.
#include "control/config/config_loader.hpp"
#include "control/store/store_source.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/source_states.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

using namespace fairlead;
using namespace fairlead::test;
using control::Backend;
using control::StoreContents;

namespace {

/// Answers with its name, what it got, and the body.
ScriptedOrigin::Script named(const std::string& name, const std::string& status = "200 OK") {
    return [name, status](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            const auto body = peer.read_body_of(head);
            peer.send(response_text(name + "\n" + head + body, status));
        }
    };
}

const auto closing = [](SocketPeer& peer, int) { peer.read_head(); };

/// Where nobody listens.
model::Address nobody() {
    ScriptedOrigin origin(closing);
    return origin.address();
}

struct Site {
    explicit Site(const std::function<void(model::ProcessSettings&)>& adjust = {})
        : fallback(named("fallback")), proxy(adjust) {}

    void store(const StoreContents& contents, const control::KeyRules& rules = 1U) {
        SourceStates said;
        model::SourceState state;
        control::StoreSource source(rules);
        source.start([&](model::SourceChange change) { state = said.after(std::move(change)); },
                     "");
        source.replace({contents, {}, {}}, "test");
        proxy.publish(state);
    }
    /// One backend "web" with these servers, and frontends to it.
    void store(const std::vector<std::string>& servers, const std::vector<std::string>& frontends,
               const control::KeyRules& rules = 1U) {
        StoreContents contents;
        for (const auto& server : servers)
            contents.backends["web"].servers.emplace_back(server, "0");
        for (const auto& frontend : frontends) contents.frontends[frontend] = "web";
        store(contents, rules);
    }
    void file(const std::string& text) {
        const auto loaded = control::parse_config(text, "f.yaml");
        for (const auto& problem : loaded.problems) UNSCOPED_INFO(problem.to_string());
        REQUIRE(loaded.ok());
        proxy.publish(loaded.desired);
    }
    void use_fallback() { file(fmt::format("fallback: {}\n", to_string(fallback.address()))); }

    Response send(const std::string& request) { return proxy.connect().exchange(request); }
    Response get(const std::string& target, const std::string& fields = "",
                 const std::string& host = "site.com") {
        return send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
    }

    ScriptedOrigin fallback;
    ProxyFixture proxy;
};

std::string name_in(const Response& response) {
    return response.body.substr(0, response.body.find('\n'));
}

/// The fields that an endpoint got, of what it answered.
std::map<std::string, std::string> got(const Response& response) {
    auto fields = fields_of(response.body.substr(response.body.find('\n') + 1));
    std::erase_if(fields, [](const auto& field) {
        return !field.first.starts_with("x-redx") && field.first != "x-real-ip" &&
               field.first != "x-forwarded-protocol";
    });
    return fields;
}

std::string request_line(const Response& response) {
    const auto at = response.body.find('\n') + 1;
    return response.body.substr(at, response.body.find('\r') - at);
}

using Fields = std::map<std::string, std::string>;

const std::string spoofed =
    "X-Redx-Frontend-Name: evil/\r\nx-redx-backend-name: evil\r\nX-REDX-ANYTHING: evil\r\n"
    "X_Redx_Frontend_Name: evil\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Protocol: evil\r\n";

}  // namespace

TEST_CASE("endpoints of API routes are told how they were found", "[scenario][redx]") {
    ScriptedOrigin web(named("web"));
    Site site;
    const auto server = to_string(web.address());
    site.store({server}, {"site.com", "site.com/a/", "other.com/b"});
    const auto expected = [&](const std::string& frontend) {
        return Fields{{"x-redx-frontend-cache-hit", "true"}, {"x-redx-frontend-name", frontend},
                      {"x-redx-backend-name", "web"},        {"x-redx-backend-cache-hit", "true"},
                      {"x-redx-backend-server", server},     {"x-real-ip", "127.0.0.1"},
                      {"x-forwarded-protocol", "http"}};
    };
    CHECK(got(site.get("/zzz")) == expected("site.com"));
    CHECK(got(site.get("/a")) == expected("site.com/a/"));
    CHECK(got(site.get("/a/x?y", spoofed)) == expected("site.com/a/"));
    CHECK(got(site.get("/b", "", "Other.com.:99")) == expected("other.com/b"));
}

TEST_CASE("nobody else's endpoints are told, and what clients say of it is dropped",
          "[scenario][redx]") {
    ScriptedOrigin web(named("web"));
    Site site;
    site.proxy.serve({web.address()});
    const auto response = site.get("/", spoofed);
    CHECK(got(response) == Fields{{"x-real-ip", "6.6.6.6"}, {"x-forwarded-protocol", "evil"}});
    const bool names_them = response.body.find("edx") != std::string::npos;
    CHECK(!names_them);
}

TEST_CASE("trusted proxies cannot say how a request was routed either", "[scenario][redx]") {
    ScriptedOrigin web(named("web"));
    Site site([](model::ProcessSettings& settings) {
        settings.listeners.front().trusted_proxies = {*model::parse_ip_prefix("127.0.0.0/8")};
    });
    site.store({to_string(web.address())}, {"site.com"});
    const auto fields = got(
        site.get("/", spoofed + "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"));
    CHECK(fields.at("x-redx-frontend-name") == "site.com");
    CHECK(fields.at("x-real-ip") == "203.0.113.9");
    CHECK(fields.at("x-forwarded-protocol") == "https");
}

TEST_CASE("a server's path is the whole target of its requests", "[scenario][redx]") {
    ScriptedOrigin web(named("web"));
    Site site;
    const auto server = to_string(web.address()) + "/fixed/uri?a=1";
    site.store({server}, {"site.com"});
    const auto response = site.get("/some/where?else");
    CHECK(request_line(response) == "GET /fixed/uri?a=1 HTTP/1.1");
    CHECK(got(response).at("x-redx-backend-server") == server);
    site.store({to_string(web.address())}, {"site.com"});
    CHECK(request_line(site.get("/some/where?else")) == "GET /some/where?else HTTP/1.1");
}

TEST_CASE("a cookie keeps a client with its server", "[scenario][redx]") {
    ScriptedOrigin one(named("one"));
    ScriptedOrigin two(named("two"));
    Site site;
    model::ApiSettings api;
    api.plugins.plugins = {{"stickiness", "sess"}, {"random", ""}};
    const auto server = to_string(two.address());
    site.store({to_string(one.address()), server + "/p"}, {"site.com", "site.com/a/"}, api);
    const auto cookie = model::sticky_cookie(server);
    const auto line = "sess=" + cookie + "; Path=";
    const std::string rest = "; HttpOnly; SameSite=None; Secure";

    std::set<std::string> chosen;
    for (int i = 0; i < 100 && chosen.size() < 2; ++i) {
        const auto response = site.get("/a/x");
        chosen.insert(name_in(response));
        if (name_in(response) == "two")
            CHECK(response.fields.at("set-cookie") == line + "/a/" + rest);
    }
    CHECK(chosen.size() == 2);
    for (int i = 0; i < 20; ++i) {
        const auto kept = site.get("/", "Cookie: a=b; sess=" + cookie + "\r\n");
        CHECK(name_in(kept) == "two");
        CHECK(kept.fields.count("set-cookie") == 0);
    }
    // A server that is gone: another one, and its cookie.
    site.store({server}, {"site.com"}, api);
    const auto gone = site.get("/", "Cookie: sess=" + model::sticky_cookie("10.0.0.1:1") + "\r\n");
    CHECK(gone.fields.at("set-cookie") == line + "/" + rest);
}

TEST_CASE("the cookie is that of the server which answered", "[scenario][redx]") {
    ScriptedOrigin two(named("two"));
    Site site;
    model::ApiSettings api;
    api.plugins.plugins = {{"stickiness", "sess"}, {"random", ""}};
    const auto dead = to_string(nobody());
    site.store({dead, to_string(two.address())}, {"site.com"}, api);
    const auto response = site.get("/", "Cookie: sess=" + model::sticky_cookie(dead) + "\r\n");
    CHECK(name_in(response) == "two");
    CHECK(response.fields.at("set-cookie")
              .starts_with("sess=" + model::sticky_cookie(to_string(two.address())) + ";"));
}

TEST_CASE("what has no route goes to the fallback", "[scenario][redx]") {
    Site site;
    site.use_fallback();
    const auto response =
        site.send("POST /x?y HTTP/1.1\r\nHost: Nobody.com:81\r\nContent-Length: 4\r\n" + spoofed +
                  "\r\nbody");
    CHECK(response.status == 200);
    CHECK(name_in(response) == "fallback");
    CHECK(request_line(response) == "POST /x?y HTTP/1.1");
    CHECK(response.body.ends_with("body"));
    CHECK(got(response) == Fields{{"x-redx-frontend-cache-hit", "false"},
                                  {"x-real-ip", "127.0.0.1"},
                                  {"x-forwarded-protocol", "http"}});
    const auto fields = fields_of(response.body);
    CHECK(fields.at("host") == "Nobody.com:81");
    CHECK(fields.at("x-forwarded-for") == "127.0.0.1");
    CHECK(site.proxy.plane().total(Reason::no_route) == 1);
    CHECK(site.proxy.plane().total(metrics::Metric::fallbacks) == 1);
}

TEST_CASE("backends without a server to choose go to the fallback", "[scenario][redx]") {
    Site site;
    site.use_fallback();
    model::ApiSettings api;
    api.plugins.plugins = {{"score", "least"}};
    StoreContents contents;
    contents.frontends = {{"missing.com", "nothing"},
                          {"empty.com", "empty"},
                          {"tie.com", "tie"},
                          {"literal.com", "literal"}};
    contents.backends["empty"].config["x"] = "y";
    contents.backends["tie"].servers = {{"10.0.0.1:80", "1"}, {"10.0.0.2:80", "1"}};
    contents.backends["literal"].servers = {{"fallback", "0"}};
    site.store(contents, api);
    const auto ask = [&](const std::string& host) {
        const auto response = site.get("/", "", host);
        CHECK(response.status == 200);
        CHECK(name_in(response) == "fallback");
        auto fields = got(response);
        CHECK(fields["x-redx-frontend-name"] == host);
        return fields["x-redx-backend-name"] + " " + fields["x-redx-backend-cache-hit"] + " " +
               fields["x-redx-backend-server"];
    };
    CHECK(ask("missing.com") == "nothing false ");
    CHECK(ask("empty.com") == "empty false ");
    CHECK(ask("tie.com") == "tie false ");
    CHECK(ask("literal.com") == "literal true fallback");
}

TEST_CASE("the server `fallback` without a fallback is 503", "[scenario][redx]") {
    Site site;
    site.store({"fallback"}, {"site.com"});
    const auto response = site.get("/");
    CHECK(response.status == 503);
    CHECK(response.fields.at("x-fairlead-reason") == "sent_to_fallback");
}

TEST_CASE("what would be our own 502 or 504 is answered by the fallback", "[scenario][redx]") {
    ScriptedOrigin rude(closing);
    ScriptedOrigin silent([](SocketPeer& peer, int) { peer.read_to_end(); });
    Site site;
    StoreContents contents;
    contents.frontends = {{"dead.com", "dead"}, {"rude.com", "rude"}, {"silent.com", "silent"}};
    const auto dead = to_string(nobody());
    contents.backends["dead"].servers = {{dead + "/fixed", "0"}};
    contents.backends["rude"].servers = {{to_string(rude.address()), "0"}};
    contents.backends["silent"].servers = {{to_string(silent.address()), "0"}};
    site.store(contents);
    site.file(
        fmt::format("fallback: {}\nservices: {{silent: {{timeouts: {{first_byte: 50ms}}}}}}\n",
                    to_string(site.fallback.address())));
    for (const auto* const host : {"dead.com", "rude.com", "silent.com"}) {
        CAPTURE(host);
        const auto response = site.get("/x", "", host);
        CHECK(response.status == 200);
        CHECK(name_in(response) == "fallback");
        CHECK(request_line(response) == "GET /x HTTP/1.1");
        CHECK(got(response).at("x-redx-backend-cache-hit") == "true");
    }
    CHECK(got(site.get("/", "", "dead.com")).at("x-redx-backend-server") == dead + "/fixed");
    CHECK(site.proxy.plane().total(Reason::first_byte_timeout) == 1);
}

TEST_CASE("the application's own 502 and 504 are its answer", "[scenario][redx]") {
    ScriptedOrigin bad(named("app", "502 Bad Gateway"));
    ScriptedOrigin late(named("app", "504 Gateway Timeout"));
    Site site;
    site.use_fallback();
    site.store({to_string(bad.address())}, {"site.com"});
    CHECK(name_in(site.get("/")) == "app");
    CHECK(site.get("/").status == 502);
    site.store({to_string(late.address())}, {"site.com"});
    CHECK(site.get("/").status == 504);
    CHECK(site.fallback.connections() == 0);
}

TEST_CASE("the fallback's status is the client's, and a dead one is 502", "[scenario][redx]") {
    ScriptedOrigin teapot(named("teapot", "418 I'm a teapot"));
    Site site;
    site.file(fmt::format("fallback: {}\n", to_string(teapot.address())));
    CHECK(site.get("/").status == 418);
    site.file(fmt::format("fallback: {}\n", to_string(nobody())));
    for (int i = 0; i < 2; ++i) {
        const auto response = site.get("/");
        CHECK(response.status == 502);
        CHECK(response.fields.at("x-fairlead-reason") == "connect_refused");
    }
    site.file("workers: auto\n");
    CHECK(site.get("/").status == 404);
}

TEST_CASE("a body that an endpoint has begun to take is not sent to the fallback",
          "[scenario][redx]") {
    const std::string begun(256 * 1024, 'x');
    ScriptedOrigin rude([&](SocketPeer& peer, int) {
        peer.read_head();
        peer.read_exactly(begun.size());
    });
    Site site;
    site.use_fallback();
    site.store({to_string(rude.address())}, {"site.com"});
    auto client = site.proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: site.com\r\nContent-Length: 1000000\r\n\r\n" + begun);
    const auto response = client.read_response();
    CHECK(response.status == 502);
    CHECK(site.fallback.connections() == 0);
}

TEST_CASE("a body that nobody has begun to take goes to the fallback", "[scenario][redx]") {
    Site site;
    site.use_fallback();
    site.store({to_string(nobody())}, {"site.com"});
    const std::string body(200 * 1024, 'x');
    const auto response = site.send("POST / HTTP/1.1\r\nHost: site.com\r\nContent-Length: " +
                                    std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(name_in(response) == "fallback");
    CHECK(response.body.ends_with(body));
}

TEST_CASE("a file's service keeps its own policy, and a change of score what is in flight",
          "[scenario][redx]") {
    ScriptedOrigin one(named("one"));
    ScriptedOrigin two(named("two"));
    Site site;
    model::ApiSettings api;
    api.plugins.plugins = {{"score", "most"}};
    StoreContents contents;
    contents.frontends["site.com"] = "web";
    contents.backends["web"].servers = {{to_string(one.address()), "1"},
                                        {to_string(two.address()), "2"}};
    site.store(contents, api);
    CHECK(name_in(site.get("/")) == "two");
    const auto before = site.proxy.snapshot();
    contents.backends["web"].servers[0].second = "3";
    site.store(contents, api);
    CHECK(name_in(site.get("/")) == "one");
    const auto* const service = before->services().find("web");
    const auto* const after = site.proxy.snapshot()->services().find("web");
    CHECK(service->endpoints[1].state == after->endpoints[1].state);

    site.file("services: {web: {policy: round_robin}}\n");
    const auto first = name_in(site.get("/"));
    CHECK(name_in(site.get("/")) != first);
}
