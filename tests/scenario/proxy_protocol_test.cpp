// PROXY headers on the wire: whose connection it is, in whatever pieces, before TLS and HTTP.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::test;
using model::ProxyProtocol;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const std::string version_1 = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n";
const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
// 203.0.113.9:4711 to 198.51.100.1:443
const std::string addresses("\xcb\0\x71\x09\xc6\x33\x64\x01\x12\x67\x01\xbb", 12);

std::string version_2(const std::string& tlvs = "") {
    const auto size = addresses.size() + tlvs.size();
    return signature + "\x21\x11" + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff) +
           addresses + tlvs;
}
const std::string local = signature + std::string("\x20\x00\x00\x00", 4);
// PP2_TYPE_SSL with PP2_CLIENT_SSL
const std::string tls_tlv("\x20\0\x05\x01\0\0\0\0", 8);

/// Answers with the head that it got.
ScriptedOrigin::Script echo() {
    return [](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head())
            peer.send(response_text(head));
    };
}

class Proxy {
public:
    explicit Proxy(ProxyProtocol setting,
                   const std::function<void(model::ListenerSettings&)>& adjust = {})
        : origin_(echo()), proxy_([&](model::ProcessSettings& settings) {
              settings.listeners[0].proxy_protocol = setting;
              if (adjust) adjust(settings.listeners[0]);
          }) {
        proxy_.serve({origin_.address()});
    }

    /// The head that the endpoint got; "" where the connection was closed without an answer.
    std::map<std::string, std::string> forwarded(const std::string& bytes) {
        auto client = proxy_.connect();
        client.send(bytes);
        const auto response = client.read_response();
        return response.status == 200 ? fields_of(response.body)
                                      : std::map<std::string, std::string>();
    }
    ProxyFixture& fixture() noexcept { return proxy_; }

private:
    ScriptedOrigin origin_;
    ProxyFixture proxy_;
};

std::optional<std::vector<model::IpPrefix>> ranges(const std::vector<std::string>& texts) {
    std::vector<model::IpPrefix> found;
    for (const auto& text : texts) found.push_back(*model::parse_ip_prefix(text));
    return found;
}

}  // namespace

TEST_CASE("a PROXY header says whose connection it is", "[scenario][proxy_protocol]") {
    for (const auto setting : {ProxyProtocol::optional, ProxyProtocol::required}) {
        Proxy proxy(setting);
        for (const auto& header : {version_1, version_2()}) {
            const auto fields = proxy.forwarded(header + plain_get);
            CHECK(fields.at("x-forwarded-for") == "203.0.113.9");
            CHECK(fields.at("x-forwarded-port") == "443");
            CHECK(fields.at("x-forwarded-proto") == "http");
        }
    }
}

TEST_CASE("a balancer's own connection keeps its address", "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required);
    CHECK(proxy.forwarded(local + plain_get).at("x-forwarded-for") == "127.0.0.1");
    CHECK(proxy.forwarded("PROXY UNKNOWN\r\n" + plain_get).at("x-forwarded-for") == "127.0.0.1");
}

TEST_CASE("the client's TLS with the balancer is known from the header",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required);
    CHECK(proxy.forwarded(version_2(tls_tlv) + plain_get).at("x-forwarded-proto") == "https");
}

TEST_CASE("without a header: served where it is optional, closed where it is required",
          "[scenario][proxy_protocol]") {
    Proxy optional(ProxyProtocol::optional);
    CHECK(optional.forwarded(plain_get).at("x-forwarded-for") == "127.0.0.1");
    Proxy required(ProxyProtocol::required);
    CHECK(required.forwarded(plain_get).empty());
    CHECK(eventually(
        [&] { return required.fixture().plane().total(Reason::proxy_header_missing) == 1; }));
}

TEST_CASE("where PROXY headers are off, one is a malformed request", "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::off);
    auto client = proxy.fixture().connect();
    client.send(version_1 + plain_get);
    CHECK(client.read_response().status == 400);
}

TEST_CASE("a malformed PROXY header closes the connection without an answer",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::optional);
    auto client = proxy.fixture().connect();
    client.send("PROXY TCP4 nobody\r\n" + plain_get);
    CHECK(client.read_to_end().empty());
    CHECK(eventually([&] { return proxy.fixture().plane().total(Reason::bad_proxy_header) == 1; }));
}

TEST_CASE("a PROXY header may come byte by byte", "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required);
    for (const auto& header : {version_1, version_2()}) {
        auto client = proxy.fixture().connect();
        for (const char byte : header + plain_get) client.send(std::string(1, byte));
        const auto response = client.read_response();
        REQUIRE(response.status == 200);
        CHECK(fields_of(response.body).at("x-forwarded-for") == "203.0.113.9");
    }
}

TEST_CASE("a client may send its header and leave, or half a header and leave",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required);
    for (const auto& bytes : {local, version_1, version_1.substr(0, 20), std::string()}) {
        auto client = proxy.fixture().connect();
        client.send(bytes);
        client.shut_down_writing();
        CHECK(client.read_to_end().empty());
    }
    CHECK(proxy.fixture().plane().total(Reason::bad_proxy_header) == 0);
    CHECK(eventually(
        [&] { return proxy.fixture().plane().total(metrics::Metric::connections_open) == 0; }));
}

TEST_CASE("a PROXY header that does not go on is cut after head_timeout",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required,
                [](model::ListenerSettings& listener) { listener.head_timeout = 100ms; });
    auto client = proxy.fixture().connect();
    client.send(version_1.substr(0, 20));
    CHECK(client.read_to_end().empty());
    CHECK(eventually(
        [&] { return proxy.fixture().plane().total(Reason::proxy_header_timeout) == 1; }));
}

TEST_CASE("a connection that sends nothing may wait for keep_alive where headers are expected",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required, [](model::ListenerSettings& listener) {
        listener.head_timeout = 50ms;
        listener.keep_alive = 200ms;
    });
    const auto began = Clock::now();
    auto client = proxy.fixture().connect();
    CHECK(client.is_closed_by_peer());
    CHECK(Clock::now() - began > 150ms);
}

TEST_CASE("after its header a connection may wait for its first request",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required,
                [](model::ListenerSettings& listener) { listener.head_timeout = 100ms; });
    auto client = proxy.fixture().connect();
    client.send(version_1.substr(0, 20));
    REQUIRE(eventually(
        [&] { return proxy.fixture().plane().total(metrics::Metric::connections_accepted) == 1; }));
    client.send(version_1.substr(20));
    const auto began = Clock::now();
    REQUIRE(eventually([&] { return Clock::now() - began > 250ms; }));
    client.send(plain_get);
    CHECK(client.read_response().status == 200);
}

TEST_CASE("a connection with nothing but its header does not hold up a drain",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::required);
    auto silent = proxy.fixture().connect();
    auto with_header = proxy.fixture().connect();
    with_header.send(version_1);
    REQUIRE(eventually(
        [&] { return proxy.fixture().plane().total(metrics::Metric::connections_open) == 2; }));
    std::atomic<bool> drained{false};
    proxy.fixture().begin_drain([&] { drained.store(true); });
    CHECK(eventually([&] { return drained.load(); }));
}

TEST_CASE("PROXY headers come before TLS", "[scenario][proxy_protocol]") {
    const TestCertificate certificate;
    Proxy proxy(ProxyProtocol::required,
                [&](model::ListenerSettings& listener) { listener.tls = certificate.settings(); });
    for (const auto& header : {version_1, version_2(), version_2() + version_1}) {
        auto peer = proxy.fixture().connect();
        peer.send(header);
        TlsClient client(std::move(peer));
        client.send(plain_get);
        const auto answer = client.read_to_end();
        CHECK(answer.find("X-Forwarded-For: 203.0.113.9\r\n") != std::string::npos);
        CHECK(answer.find("X-Forwarded-Proto: https\r\n") != std::string::npos);
    }
}

TEST_CASE("of several headers the balancer's counts, not its client's",
          "[scenario][proxy_protocol]") {
    const std::string clients_own = "PROXY TCP4 192.0.2.66 192.0.2.67 1 2\r\n";
    Proxy anybody(ProxyProtocol::required);
    CHECK(anybody.forwarded(version_2() + clients_own + plain_get).at("x-forwarded-for") ==
          "203.0.113.9");
    Proxy only_balancer(ProxyProtocol::required, [](model::ListenerSettings& listener) {
        listener.proxy_protocol_from = ranges({"127.0.0.0/8"});
    });
    CHECK(only_balancer.forwarded(version_2() + clients_own + plain_get).at("x-forwarded-for") ==
          "203.0.113.9");
    // Whoever is named may stand behind another one that is.
    Proxy chain(ProxyProtocol::required, [](model::ListenerSettings& listener) {
        listener.proxy_protocol_from = ranges({"127.0.0.0/8", "203.0.113.0/24"});
    });
    CHECK(chain.forwarded(version_2() + clients_own + plain_get).at("x-forwarded-for") ==
          "192.0.2.66");
    // Nobody knows who stands behind a header without addresses.
    CHECK(only_balancer.forwarded("PROXY UNKNOWN\r\n" + clients_own + plain_get)
              .at("x-forwarded-for") == "127.0.0.1");
    std::string many;
    for (int i = 0; i < 5; ++i) many += version_1;
    CHECK(anybody.forwarded(many + plain_get).empty());
}

TEST_CASE("a header of somebody who is not named is read and ignored",
          "[scenario][proxy_protocol]") {
    Proxy proxy(ProxyProtocol::optional, [](model::ListenerSettings& listener) {
        listener.proxy_protocol_from = ranges({"10.0.0.0/8"});
    });
    CHECK(proxy.forwarded(version_1 + plain_get).at("x-forwarded-for") == "127.0.0.1");
}

TEST_CASE("the access log tells what the header told", "[scenario][proxy_protocol]") {
    char path[] = "/tmp/fairlead-log-XXXXXX";
    ::close(::mkstemp(path));
    std::string line;
    {
        ScriptedOrigin origin(echo());
        ProxyFixture proxy([&](model::ProcessSettings& settings) {
            settings.listeners[0].proxy_protocol = ProxyProtocol::required;
            settings.access_log.path = path;
        });
        proxy.serve({origin.address()});
        auto client = proxy.connect();
        const std::string tlvs = std::string(
                                     "\x02\0\x05"
                                     "a.org"
                                     "\x05\0\x02"
                                     "id",
                                     13) +
                                 std::string("\xea\0\x07\x01vpce-1", 10) +
                                 std::string("\x20\0\x0f\x01\0\0\0\0\x21\0\x07TLSv1.3", 18);
        client.send(version_2(tlvs) + plain_get);
        REQUIRE(client.read_response().status == 200);
        REQUIRE(eventually([&] { return std::getline(std::ifstream(path), line).good(); }));
    }
    ::unlink(path);
    for (const auto* part :
         {R"("client":"203.0.113.9","peer":"127.0.0.1")", R"("tls":"TLSv1.3","sni":"a.org")",
          R"("vpc_endpoint":"vpce-1","proxy_id":"id")"}) {
        INFO(line);
        CHECK(line.find(part) != std::string::npos);
    }
}

TEST_CASE("trust goes by the address that the header gives", "[scenario][proxy_protocol]") {
    const std::string get =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
    Proxy balancer(ProxyProtocol::optional, [](model::ListenerSettings& listener) {
        listener.trusted_proxies = *ranges({"127.0.0.0/8"});
    });
    CHECK(balancer.forwarded(version_1 + get).at("x-forwarded-for") == "203.0.113.9");
    CHECK(balancer.forwarded(get).at("x-forwarded-for") == "192.0.2.1, 127.0.0.1");
    Proxy client(ProxyProtocol::optional, [](model::ListenerSettings& listener) {
        listener.trusted_proxies = *ranges({"203.0.113.0/24"});
    });
    CHECK(client.forwarded(version_1 + get).at("x-forwarded-for") == "192.0.2.1, 203.0.113.9");
}
