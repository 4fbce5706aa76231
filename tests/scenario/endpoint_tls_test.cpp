// TLS to endpoints: verified by default, and not one byte of a request to whom is not trusted.
#include "proxy/net/tls_client.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_server_peer.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace fairlead;
using namespace fairlead::test;

namespace {

constexpr auto get = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

model::ServiceSettings with_tls(const std::string& ca, const std::string& name = {}) {
    model::ServiceSettings settings;
    settings.attempts = 1;
    settings.tls.emplace();
    settings.tls->ca = ca;
    settings.tls->server_name = name;
    REQUIRE(net::load_endpoint_tls(*settings.tls).has_value());
    return settings;
}

/// Answers each request with the name that was asked for.
ScriptedOrigin::Script naming(const TlsServerContext& context, std::atomic<int>& heads) {
    return [&](SocketPeer& peer, int) {
        TlsServerPeer tls(peer, context);
        while (!tls.read_head().empty()) {
            ++heads;
            tls.send(response_text("for " + tls.server_name()));
        }
        peer.read_to_end();  // no reset that overtakes what TLS has to say
    };
}

std::string reason_of(const Response& response) {
    const auto at = response.fields.find("x-fairlead-reason");
    return at == response.fields.end() ? std::string() : at->second;
}

}  // namespace

TEST_CASE("an endpoint with a good certificate is served from, and its connection reused",
          "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    const TlsServerContext context(certificate);
    std::atomic<int> heads{0};
    ScriptedOrigin origin(naming(context, heads));
    ProxyFixture proxy;
    proxy.serve({origin.address()}, with_tls(certificate.cert_file(), "localhost"));
    auto client = proxy.connect();
    for (int i = 0; i < 3; ++i) CHECK(client.exchange(get).body == "for localhost");
    CHECK(origin.connections() == 1);
}

TEST_CASE("an endpoint named by its address is verified by that, and no name is sent",
          "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    const TlsServerContext context(certificate);
    std::atomic<int> heads{0};
    ScriptedOrigin origin(naming(context, heads));
    ProxyFixture proxy;
    proxy.serve({origin.address()}, with_tls(certificate.cert_file()));
    CHECK(proxy.connect().exchange(get).body == "for ");
}

TEST_CASE("an endpoint that cannot be trusted gets nothing of the request",
          "[scenario][endpoint_tls]") {
    const TestCertificate certificate("DNS:other.example");
    const TestCertificate stranger;
    const TlsServerContext context(certificate);
    std::atomic<int> heads{0};
    ScriptedOrigin origin(naming(context, heads));
    ProxyFixture proxy;
    SECTION("its certificate is for another name") {
        proxy.serve({origin.address()}, with_tls(certificate.cert_file(), "localhost"));
    }
    SECTION("its certificate is for no address") {
        proxy.serve({origin.address()}, with_tls(certificate.cert_file()));
    }
    SECTION("somebody else signed it") {
        proxy.serve({origin.address()}, with_tls(stranger.cert_file(), "other.example"));
    }
    SECTION("whom the system trusts has not signed it") {
        proxy.serve({origin.address()}, with_tls({}, "other.example"));
    }
    const auto response = proxy.connect().exchange(get);
    CHECK(response.status == 502);
    CHECK(reason_of(response) == "upstream_untrusted");
    CHECK(heads == 0);
}

TEST_CASE("verify: false takes any certificate", "[scenario][endpoint_tls]") {
    const TestCertificate certificate("DNS:other.example");
    const TlsServerContext context(certificate);
    std::atomic<int> heads{0};
    ScriptedOrigin origin(naming(context, heads));
    ProxyFixture proxy;
    model::ServiceSettings settings;
    settings.tls.emplace();
    settings.tls->verify = false;
    REQUIRE(net::load_endpoint_tls(*settings.tls).has_value());
    proxy.serve({origin.address()}, settings);
    CHECK(proxy.connect().exchange(get).status == 200);
}

TEST_CASE("an endpoint that speaks no TLS is a 502 with its reason", "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_some();
        peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()}, with_tls(certificate.cert_file()));
    const auto response = proxy.connect().exchange(get);
    CHECK(response.status == 502);
    CHECK(reason_of(response) == "upstream_tls_failed");
}

TEST_CASE("a handshake that hangs ends with the connect timeout", "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    ScriptedOrigin origin([](SocketPeer& peer, int) { peer.read_to_end(); });
    ProxyFixture proxy;
    auto settings = with_tls(certificate.cert_file());
    settings.timeouts.connect = 300ms;
    proxy.serve({origin.address()}, settings);
    const auto response = proxy.connect().exchange(get);
    CHECK(response.status == 504);
    CHECK(reason_of(response) == "connect_timeout");
}

TEST_CASE("an endpoint that asks for a certificate gets ours", "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    const TestCertificate ours("DNS:fairlead");
    const TlsServerContext context(certificate, ours.cert_file());
    std::atomic<int> heads{0};
    ScriptedOrigin origin(naming(context, heads));
    ProxyFixture proxy;
    auto settings = with_tls(certificate.cert_file());
    SECTION("with it") {
        settings.tls->client = {ours.cert_file(), ours.key_file()};
        REQUIRE(net::load_endpoint_tls(*settings.tls).has_value());
        proxy.serve({origin.address()}, settings);
        CHECK(proxy.connect().exchange(get).status == 200);
    }
    SECTION("without it, it refuses us") {
        proxy.serve({origin.address()}, settings);
        const auto response = proxy.connect().exchange(get);
        CHECK(response.status == 502);
        CHECK(reason_of(response) == "upstream_tls_failed");  // TLS 1.3 says so late
        CHECK(heads == 0);
    }
}

TEST_CASE("the next handshake with an endpoint resumes the session", "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    const TlsServerContext context(certificate);
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        TlsServerPeer tls(peer, context);
        for (int i = 0; i < 2 && !tls.read_head().empty(); ++i)
            tls.send(response_text(tls.is_resumed() ? "resumed" : "full"));
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()}, with_tls(certificate.cert_file()));
    auto client = proxy.connect();
    CHECK(client.exchange(get).body == "full");
    CHECK(client.exchange(get).body == "full");  // the same connection, which then ends
    CHECK(eventually([&] { return client.exchange(get).body == "resumed"; }));
}

TEST_CASE("a service that turns to TLS uses no plain connection any more",
          "[scenario][endpoint_tls]") {
    const TestCertificate certificate;
    const TlsServerContext context(certificate);
    std::atomic<int> heads{0};
    ScriptedOrigin origin([&](SocketPeer& peer, int index) {
        if (index > 0) return naming(context, heads)(peer, index);
        while (!peer.read_head().empty()) peer.send(response_text("plain"));
    });
    ProxyFixture proxy;
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    CHECK(client.exchange(get).body == "plain");
    proxy.serve({origin.address()}, with_tls(certificate.cert_file(), "localhost"));
    CHECK(client.exchange(get).body == "for localhost");
}
