// What the access log says of requests, by how they went.
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"
#include "tests/support/tls_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::test;

namespace {

/// A file of its own for one test; gone after it.
class LogFile {
public:
    LogFile() {
        std::string name = std::filesystem::temp_directory_path() / "access-log-XXXXXX";
        const int descriptor = ::mkstemp(name.data());
        REQUIRE(descriptor >= 0);
        ::close(descriptor);
        path_ = name;
    }
    ~LogFile() { std::filesystem::remove(path_); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    void use(model::ProcessSettings& settings) const { settings.access_log.path = path_; }

    /// Line number `i`, from 0, once it is there.
    std::string line(std::size_t i) const {
        std::string found;
        const auto is_there = [&] {
            std::ifstream file(path_);
            for (std::size_t n = 0; n <= i; ++n) {
                if (!std::getline(file, found) || file.eof()) return false;
            }
            return true;
        };
        REQUIRE(eventually(is_there));
        return found;
    }

private:
    std::filesystem::path path_;
};

bool has(const std::string& line, const std::string& part) {
    return line.find(part) != std::string::npos;
}

/// The number behind a key; -1 where there is none.
long number(const std::string& line, const std::string& key) {
    const auto at = line.find("\"" + key + "\":");
    return at == std::string::npos ? -1 : std::stol(line.substr(at + key.size() + 3));
}

}  // namespace

TEST_CASE("bytes are counted as they crossed the client's connection", "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin(ScriptedOrigin::answering(std::string(100000, 'x')));
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const std::string request = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";
    for (std::size_t i = 0; i < 3; ++i) {
        const auto response = client.exchange(request + std::string(5000, 'b'));
        REQUIRE(response.complete);
        const auto line = log.line(i);
        CHECK(number(line, "bytes_received") == static_cast<long>(request.size() + 5000));
        CHECK(number(line, "bytes_sent") == static_cast<long>(response.head.size() + 100000));
    }
}

TEST_CASE("a long upload is counted to its end", "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send(response_text(std::to_string(peer.read_body_of(head).size())));
        }
    });
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n";
    CHECK(client.exchange(head + std::string(3000000, 'b')).body == "3000000");
    CHECK(number(log.line(0), "bytes_received") == static_cast<long>(head.size() + 3000000));
}

TEST_CASE("the line tells of the second endpoint, and of the time the first one took",
          "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin bad([](SocketPeer& peer, int) {
        peer.read_head();
        peer.reset();
    });
    ScriptedOrigin good(ScriptedOrigin::answering("ok"));
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    model::ServiceSettings settings;
    settings.policy = "round_robin";
    settings.ejection = 0ms;
    proxy.serve({bad.address(), good.address()}, settings);
    auto client = proxy.connect();
    bool seen = false;
    for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
        const auto line = log.line(i);
        CHECK(has(line, "\"endpoint\":\"" + to_string(good.address()) + "\""));
        CHECK_FALSE(has(line, "\"reason\""));
        if (number(line, "attempts") != 2) continue;
        seen = true;
        CHECK(number(line, "wait_us") > 0);
        CHECK(number(line, "wait_us") + number(line, "connect_us") +
                  number(line, "first_byte_us") <=
              number(line, "total_us"));
    }
    CHECK(seen);
}

TEST_CASE("an answer that is cut off keeps its status and says why", "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        peer.close();
    });
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    CHECK_FALSE(client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").complete);
    const auto line = log.line(0);
    CHECK(number(line, "status") == 200);
    CHECK(has(line, "\"reason\":\"upstream_truncated\""));
}

TEST_CASE("a tunnel is a line at its end, with what went through it", "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(websocket_response());
        peer.send(peer.read_exactly(5));
    });
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send(websocket_request("/ws"));
    const auto head = client.read_head();
    client.send("hello");
    CHECK(client.read_exactly(5) == "hello");
    client.close();
    const auto line = log.line(0);
    CHECK(number(line, "status") == 101);
    CHECK(number(line, "bytes_sent") == static_cast<long>(head.size() + 5));
    CHECK_FALSE(has(line, "\"reason\""));
}

TEST_CASE("a tunnel that we cut says why", "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        peer.read_head();
        peer.send(websocket_response());
        peer.read_to_end();
    });
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    model::ServiceSettings settings;
    settings.timeouts.total = 1s;  // not before the tunnel opens
    proxy.serve({origin.address()}, settings);
    auto client = proxy.connect();
    client.send(websocket_request("/ws"));
    client.read_head();
    const auto line = log.line(0);
    CHECK(number(line, "status") == 101);
    CHECK(has(line, "\"reason\":\"total_timeout\""));
}

TEST_CASE("with TLS the line has version, cipher and the name asked for",
          "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin(ScriptedOrigin::answering("ok"));
    const TestCertificate certificate;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        log.use(settings);
        settings.listeners[0].tls = certificate.settings();
    });
    proxy.serve({origin.address()});
    TlsClient client(proxy.connect(), {}, TLS1_3_VERSION);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read_some().starts_with("HTTP/1.1 200"));
    CHECK(has(log.line(0), "\"tls\":\"TLSv1.3\",\"cipher\":\"TLS_"));
}

TEST_CASE("behind a trusted proxy the client and the peer are told apart",
          "[scenario][access_log]") {
    const LogFile log;
    ScriptedOrigin origin(ScriptedOrigin::answering("ok"));
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        log.use(settings);
        settings.listeners[0].trusted_proxies = {*model::parse_ip_prefix("127.0.0.0/8")};
    });
    proxy.serve({origin.address()});
    proxy.connect().exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
    CHECK(has(log.line(0), "\"client\":\"192.0.2.7\",\"peer\":\"127.0.0.1\""));
}

TEST_CASE("the client of a refused request is the one that a trusted proxy names",
          "[scenario][access_log]") {
    const LogFile log;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        log.use(settings);
        settings.listeners[0].trusted_proxies = {*model::parse_ip_prefix("127.0.0.1/32")};
    });
    proxy.connect().exchange("GET / HTTP/1.1\r\nHost: a b\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    const auto line = log.line(0);
    CHECK(line.find("\"client\":\"203.0.113.7\",\"peer\":\"127.0.0.1\"") != std::string::npos);
    CHECK(line.find("\"reason\":\"bad_host\"") != std::string::npos);
}

TEST_CASE("the line of a refused request names its own host", "[scenario][access_log]") {
    const LogFile log;
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.connect().exchange("GET / HTTP/1.1\r\nX: " + std::string(200, 'x') +
                             "\r\nHost: first.example\r\n\r\n");
    proxy.connect().exchange("GET / HTTP/1.1\r\nHost: second\r\nContent-Length: x\r\n\r\n");
    proxy.connect().exchange("GET / HTTP/1.1\r\nHost: a, b\r\nContent-Length: x\r\n\r\n");
    CHECK(has(log.line(0), "\"host\":\"first.example\""));
    CHECK(has(log.line(1), "\"host\":\"second\""));
    CHECK_FALSE(has(log.line(2), "\"host\""));
}

TEST_CASE("a refused request is found by the id it came with", "[scenario][access_log]") {
    const LogFile log;
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.connect().exchange(
        "GET / HTTP/1.1\r\nHost: a b\r\n"
        "X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n\r\n");
    CHECK(has(log.line(0), "\"trace_id\":\"67891233abcdef012345678912345678\""));
}

TEST_CASE("a head that comes too slowly is a line with its reason", "[scenario][access_log]") {
    const LogFile log;
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        log.use(settings);
        settings.listeners[0].head_timeout = 100ms;
    });
    auto client = proxy.connect();
    client.send("GET / HT");
    CHECK(client.read_response().status == 408);
    const auto line = log.line(0);
    CHECK(number(line, "status") == 408);
    CHECK(has(line, "\"reason\":\"head_timeout\""));
    CHECK_FALSE(has(line, "\"method\""));
}

TEST_CASE("what is under way when the process stops is a line too", "[scenario][access_log]") {
    const LogFile log;
    std::atomic<bool> asked{false};
    ScriptedOrigin origin([&](SocketPeer& peer, int) {
        peer.read_head();
        asked = true;
        peer.read_head();
    });
    ProxyFixture proxy([&](model::ProcessSettings& settings) { log.use(settings); });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(eventually([&] { return asked.load(); }));
    proxy.plane().stop();
    const auto response = client.read_response();
    CHECK(response.status == 503);
    CHECK(response.fields.at("x-fairlead-reason") == "stopping");
    CHECK(has(log.line(0), "\"path\":\"/late\""));
    CHECK(has(log.line(0), "\"reason\":\"stopping\""));
    CHECK_FALSE(proxy.endpoint(0).is_ejected(Clock::now()));
    CHECK(proxy.plane().total(metrics::Metric::access_log_lines) == 1);
    CHECK(proxy.plane().total(metrics::Metric::access_log_dropped) == 0);
}

TEST_CASE("a log that cannot be opened is told before anything is bound",
          "[scenario][access_log]") {
    model::ProcessSettings settings;
    settings.workers = 1;
    settings.listeners[0].bind = model::Address::tcp("127.0.0.1", 0);
    settings.access_log.path = "/nonexistent/a.log";
    DataPlane plane(settings, [](const std::function<void()>& work) { work(); });
    const auto started = plane.start();
    REQUIRE(started.has_error());
    CHECK(started.error().text() ==
          "access_log.path: /nonexistent/a.log: No such file or directory");
    CHECK(plane.bound().empty());
}
