// TLS at the listener, on the same session code as plain connections.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <atomic>

using namespace fairlead;
using namespace fairlead::test;

TEST_CASE("requests over TLS 1.2 and 1.3 are served, and the endpoint learns of it",
          "[scenario][tls]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send(response_text(fields_of(head)["x-forwarded-proto"]));
        }
    });
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(proxy.connect(), "\x02h2\x08http/1.1", version);
        CHECK(client.alpn() == "http/1.1");
        CHECK(client.version() == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
        for (int i = 0; i < 3; ++i) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            const auto text = client.read_some();
            CHECK(text.starts_with("HTTP/1.1 200"));
            CHECK(text.ends_with("https"));
        }
    }
}

TEST_CASE("min_version 1.3 refuses TLS 1.2", "[scenario][tls]") {
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
        settings.listeners[0].tls->min_version = model::TlsSettings::Version::tls13;
    });
    CHECK_THROWS(TlsClient(proxy.connect(), {}, TLS1_2_VERSION));
    CHECK_NOTHROW(TlsClient(proxy.connect(), {}, TLS1_3_VERSION));
    CHECK(eventually([&] { return proxy.plane().total(Reason::tls_handshake_failed) >= 1; }));
}

TEST_CASE("large bodies cross TLS in both directions", "[scenario][tls]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send(response_text(peer.read_body_of(head)));
        }
    });
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    TlsClient client(proxy.connect());
    std::string body(200000, 'z');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n");
    client.send(body);
    const auto text = client.read_to_end();
    CHECK(text.starts_with("HTTP/1.1 200"));
    CHECK(text.ends_with(body));
}

TEST_CASE("plain HTTP on a TLS port ends that connection and nothing else", "[scenario][tls]") {
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    auto plain = proxy.connect();
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    plain.read_to_end();
    CHECK(eventually([&] { return proxy.plane().total(Reason::tls_handshake_failed) == 1; }));
    CHECK_NOTHROW(TlsClient(proxy.connect()));
}

TEST_CASE("who has sent nothing of a handshake fails at none, and does not hold up a drain",
          "[scenario][tls]") {
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].tls = certificate.settings();
    });
    { const auto looks_only = proxy.connect(); }
    auto silent = proxy.connect();
    CHECK_NOTHROW(TlsClient(proxy.connect()));
    std::atomic<bool> drained{false};
    proxy.begin_drain([&] { drained.store(true); });
    CHECK(silent.is_closed_by_peer());
    CHECK(eventually([&] { return drained.load(); }));
    CHECK(proxy.plane().total(Reason::tls_handshake_failed) == 0);
}

TEST_CASE(
    "a certificate that cannot be used keeps the data plane from starting, with its file's name",
    "[scenario][tls]") {
    model::ProcessSettings settings;
    settings.workers = 1;
    settings.listeners[0].bind = model::Address::tcp("127.0.0.1", 0);
    settings.listeners[0].tls.emplace();
    settings.listeners[0].tls->certificates.push_back(
        {"/nonexistent/cert.pem", "/nonexistent/key.pem"});
    DataPlane plane(settings, [](const std::function<void()>&) {});
    const auto started = plane.start();
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().text().find("/nonexistent/cert.pem") != std::string::npos);
}
