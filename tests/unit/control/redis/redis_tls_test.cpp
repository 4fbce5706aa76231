// rediss:// to a real redis-server.
#include "control/redis/redis_subscription.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/tls_client.hpp"
#include "tests/unit/control/redis/connected.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using control::RedisMessage;
using test::Connected;
using test::RedisServer;
using test::run_task;
using test::TestCertificate;

namespace {

/// A redis-server that speaks TLS with that certificate, and no TCP without it.
class TlsRedis {
public:
    explicit TlsRedis(const TestCertificate& certificate, std::vector<std::string> extra = {})
        : port_(test::free_port()), server(folder_.path(), arguments(certificate, extra)) {
        REQUIRE(server.start());
    }

    std::string url(const std::string& host) const {
        return "rediss://" + host + ":" + std::to_string(port_);
    }

private:
    std::vector<std::string> arguments(const TestCertificate& certificate,
                                       const std::vector<std::string>& extra) const {
        std::vector<std::string> out = {"--port",
                                        "0",
                                        "--tls-port",
                                        std::to_string(port_),
                                        "--tls-cert-file",
                                        certificate.cert_file(),
                                        "--tls-key-file",
                                        certificate.key_file(),
                                        "--tls-ca-cert-file",
                                        certificate.cert_file(),
                                        "--tls-auth-clients",
                                        "no"};
        out.insert(out.end(), extra.begin(), extra.end());
        return out;
    }

    const test::TempFolder folder_;
    const std::uint16_t port_;

public:
    RedisServer server;
};

model::RedisSettings settings_of(const std::string& url, const std::string& ca = {}) {
    model::RedisSettings settings;
    settings.url = url;
    if (!ca.empty()) settings.tls.emplace().ca = ca;
    return settings;
}

/// What PING answers, or the problem.
std::string ping(const model::RedisSettings& settings, Duration timeout = 5s) {
    const auto target = control::redis_target(settings);
    if (!target) return target.error().text();
    return Connected(target->node, timeout).ask({"PING"});
}

}  // namespace

TEST_CASE("rediss:// verifies the certificate for the host or address connected to", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate;
    const TlsRedis redis(certificate);
    const auto& ca = certificate.cert_file();
    CHECK(ping(settings_of(redis.url("localhost"), ca)) == "PONG");
    CHECK(ping(settings_of(redis.url("127.0.0.1"), ca)) == "PONG");
    CHECK(ping(settings_of(redis.url("127.0.0.1"))).find("certificate") != std::string::npos);

    const TestCertificate stranger;
    CHECK(ping(settings_of(redis.url("127.0.0.1"), stranger.cert_file())).find("certificate") !=
          std::string::npos);
    auto unverified = settings_of(redis.url("127.0.0.1"));
    unverified.tls.emplace().verify = false;
    CHECK(ping(unverified) == "PONG");
    auto modern = settings_of(redis.url("127.0.0.1"), ca);
    modern.tls->min_version = model::TlsVersion::tls13;
    CHECK(ping(modern) == "PONG");
}

TEST_CASE("a certificate for another name is refused, and server_name says which is right",
          "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate("DNS:redis.test");
    const TlsRedis redis(certificate);
    auto settings = settings_of(redis.url("127.0.0.1"), certificate.cert_file());
    CHECK(ping(settings) == "Error connecting to redis: IP address mismatch");
    settings = settings_of(redis.url("localhost"), certificate.cert_file());
    CHECK(ping(settings) == "Error connecting to redis: hostname mismatch");
    settings.tls->server_name = "redis.test";
    CHECK(ping(settings) == "PONG");
}

TEST_CASE("a Redis that asks for a certificate gets ours", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate;
    const TlsRedis redis(certificate, {"--tls-auth-clients", "yes"});
    auto settings = settings_of(redis.url("localhost"), certificate.cert_file());
    // With TLS 1.3 it says so after our side of the handshake: its reset may overtake its words.
    CHECK(ping(settings).starts_with("Lost the connection to redis: "));
    settings.tls->client = {certificate.cert_file(), certificate.key_file()};
    CHECK(ping(settings) == "PONG");
    settings.tls->client.key = "/none.pem";
    CHECK(ping(settings).starts_with("/none.pem: not a readable PEM key"));
}

TEST_CASE("much is sent and read over TLS, and messages come while nobody asks", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate;
    TlsRedis redis(certificate);
    const auto target =
        control::redis_target(settings_of(redis.url("localhost"), certificate.cert_file()));
    REQUIRE(target.has_value());
    Connected client(target->node);
    const std::string large(64 * 1024, 'x');
    control::RedisCommands commands(300, {"ECHO", large});
    const auto replies = run_task(client.io, client.client.run(std::move(commands)));
    REQUIRE(replies.has_value());
    for (const auto& reply : *replies) CHECK(reply.text.size() == large.size());

    const auto deployment = control::open_redis(client.io, *target);
    control::RedisSubscription subscription(client.io, *deployment, {"news"}, 100ms);
    REQUIRE(run_task(client.io, subscription.next())->kind == RedisMessage::Kind::subscribed);
    redis.server.command("PUBLISH news one");
    CHECK(run_task(client.io, subscription.next())->payload == "one");
    // Longer than the PING takes that a silent connection gets.
    CHECK(!test::eventually(client.io, 300ms, [] { return false; }));
    redis.server.command("PUBLISH news two");
    CHECK(run_task(client.io, subscription.next())->payload == "two");
    subscription.stop();
    test::eventually(client.io, 50ms, [] { return false; });
}

TEST_CASE("TLS where none is spoken, and none where it is, end in time", "[redis]") {
    FAIRLEAD_NEEDS_REDIS();
    const TestCertificate certificate;
    const test::TempFolder folder;
    RedisServer plain(folder.path());
    REQUIRE(plain.start());
    const auto port = std::to_string(plain.port());
    CHECK(ping(settings_of("rediss://127.0.0.1:" + port), 500ms)
              .starts_with("Error connecting to redis: "));
    const TlsRedis secured(certificate);
    auto url = secured.url("127.0.0.1");
    url.erase(5, 1);  // redis://
    const auto told = ping(settings_of(url), 500ms);
    CHECK(told.starts_with("Lost the connection to redis: "));

    CHECK(ping(settings_of(url, certificate.cert_file())) ==
          "tls says how, and the url that it is not used; allowed: rediss:// with it");
}
