// Listeners themselves: on Unix sockets, full, and behind a balancer that wants to close first.
#include "proxy/balance/registry.hpp"
#include "proxy/net/listener.hpp"
#include "tests/support/proxy_fixture.hpp"
#include "tests/support/scripted_origin.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::test;

namespace {

const std::string plain_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A path in a folder of its own.
class SocketPath {
public:
    SocketPath() {
        char pattern[] = "/tmp/fairlead-socket-XXXXXX";
        folder_ = ::mkdtemp(pattern);
        path_ = folder_ + "/front.sock";
    }
    ~SocketPath() {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }
    SocketPath(const SocketPath&) = delete;
    SocketPath& operator=(const SocketPath&) = delete;

    const std::string& path() const noexcept { return path_; }
    bool exists() const { return ::access(path_.c_str(), F_OK) == 0; }
    unsigned mode() const {
        struct stat info = {};
        ::stat(path_.c_str(), &info);
        return info.st_mode & 0777;
    }
    /// As a process leaves it that was killed.
    void leave_stale() const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un name = {};
        name.sun_family = AF_UNIX;
        path_.copy(name.sun_path, sizeof name.sun_path - 1);
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
        ::close(fd);
    }

private:
    std::string folder_;
    std::string path_;
};

}  // namespace

TEST_CASE("a listener on a Unix socket serves, with the mode that was asked for",
          "[scenario][listeners]") {
    const SocketPath socket;
    ScriptedOrigin origin(ScriptedOrigin::echoing_heads());
    {
        ProxyFixture proxy([&](model::ProcessSettings& settings) {
            settings.workers = 2;
            settings.listeners[0].bind = model::Address::unix_socket(socket.path());
            settings.listeners[0].mode = 0600;
        });
        CHECK(socket.mode() == 0600);
        proxy.serve({origin.address()});
        for (int i = 0; i < 8; ++i) {
            auto client = proxy.connect();
            const auto response =
                client.exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n");
            REQUIRE(response.status == 200);
            const auto fields = fields_of(response.body);
            CHECK_FALSE(fields.contains("x-forwarded-for"));
            CHECK_FALSE(fields.contains("x-forwarded-port"));
            CHECK(fields.at("x-forwarded-proto") == "http");
        }
    }
    CHECK_FALSE(socket.exists());
}

TEST_CASE("whoever connects to a Unix socket while we drain is served or refused",
          "[scenario][listeners]") {
    const SocketPath socket;
    ScriptedOrigin origin(ScriptedOrigin::answering("served"));
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.workers = 2;
        settings.listeners[0].bind = model::Address::unix_socket(socket.path());
    });
    proxy.serve({origin.address()});
    std::atomic<int> served{0};
    std::atomic<int> cut_off{0};
    std::thread clients([&] {
        try {
            for (;;) {
                auto client = SocketPeer::connect_unix(socket.path());
                (client.exchange(plain_get).body == "served" ? served : cut_off).fetch_add(1);
            }
        } catch (const std::runtime_error&) {  // refused
        }
    });
    CHECK(eventually([&] { return served.load() > 50; }));
    std::atomic<bool> drained{false};
    proxy.begin_drain([&] { drained.store(true); });
    clients.join();
    CHECK(cut_off.load() == 0);
    CHECK(eventually([&] { return drained.load(); }));
}

TEST_CASE("who is trusted on a Unix socket says who its clients are", "[scenario][listeners]") {
    const SocketPath socket;
    ScriptedOrigin origin(ScriptedOrigin::echoing_heads());
    ProxyFixture proxy([&](model::ProcessSettings& settings) {
        settings.listeners[0].bind = model::Address::unix_socket(socket.path());
        settings.listeners[0].trusts_local_clients = true;
    });
    proxy.serve({origin.address()});
    auto client = proxy.connect();
    const auto response =
        client.exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    CHECK(fields_of(response.body).at("x-forwarded-for") == "203.0.113.9");
}

TEST_CASE("a socket file that nobody listens on is replaced, one in use is not",
          "[scenario][listeners]") {
    const SocketPath socket;
    socket.leave_stale();
    const auto on_socket = [&](model::ProcessSettings& settings) {
        settings.listeners[0].bind = model::Address::unix_socket(socket.path());
    };
    ScriptedOrigin origin(ScriptedOrigin::answering("first"));
    ProxyFixture first(on_socket);
    first.serve({origin.address()});
    const auto second = net::bind_listener(model::Address::unix_socket(socket.path()), 1);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().text() ==
          "cannot listen on unix:" + socket.path() + ": Address already in use");
    auto client = first.connect();
    CHECK(client.exchange(plain_get).body == "first");
}

TEST_CASE("the socket file of the process that follows is left alone", "[scenario][listeners]") {
    const SocketPath socket;
    const auto on_socket = [&](model::ProcessSettings& settings) {
        settings.listeners[0].bind = model::Address::unix_socket(socket.path());
    };
    std::optional<ProxyFixture> leaving(std::in_place, on_socket);
    std::atomic<bool> drained{false};
    leaving->begin_drain([&] { drained.store(true); });
    REQUIRE(eventually([&] { return drained.load(); }));
    {
        const ProxyFixture next(on_socket);
        leaving.reset();
        CHECK(socket.exists());
    }
    CHECK_FALSE(socket.exists());
}

TEST_CASE("a start that fails leaves no socket file behind", "[scenario][listeners]") {
    const SocketPath socket;
    model::ProcessSettings settings;
    settings.workers = 1;
    settings.listeners[0].bind = model::Address::unix_socket(socket.path());
    settings.listeners.emplace_back().bind = model::Address::tcp("not-an-address", 80);
    DataPlane plane(settings, [](const std::function<void()>&) {});
    CHECK_FALSE(plane.start().has_value());
    CHECK_FALSE(socket.exists());
}

TEST_CASE("the first request is answered by a snapshot published before the start",
          "[scenario][listeners]") {
    model::SnapshotCompiler compiler(balance::make_policy, 1);
    model::Catalog nothing;
    const auto empty = compiler.compile(nothing.take(), Clock::now());
    for (int i = 0; i < 50; ++i) {
        model::ProcessSettings settings;
        settings.workers = 1;
        settings.listeners[0].bind = model::Address::tcp("127.0.0.1", 0);
        DataPlane plane(settings, [](const std::function<void()>& work) { work(); });
        plane.publish(empty);
        REQUIRE(plane.start().has_value());
        auto client = SocketPeer::connect_tcp(plane.bound().at(0).port);
        REQUIRE(client.exchange(plain_get).fields.at("x-fairlead-reason") == "no_route");
    }
}

TEST_CASE("a connection beyond limits.connections is told so", "[scenario][listeners]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("served"));
    ProxyFixture proxy([](model::ProcessSettings& settings) { settings.limits.connections = 1; });
    proxy.serve({origin.address()});
    auto first = proxy.connect();
    CHECK(first.exchange(plain_get).body == "served");
    auto second = proxy.connect();
    const auto refused = second.read_response();
    CHECK(refused.status == 503);
    CHECK(refused.fields.at("x-fairlead-reason") == "too_many_connections");
    CHECK(refused.fields.at("connection") == "close");
    CHECK(second.is_closed_by_peer());
    CHECK(proxy.plane().total(Reason::too_many_connections) == 1);
    first.close();
    CHECK(eventually([&] {
        auto next = proxy.connect();
        return next.exchange(plain_get).body == "served";
    }));
}

TEST_CASE("behind a balancer an idle connection is not closed while we drain",
          "[scenario][listeners]") {
    ScriptedOrigin origin(ScriptedOrigin::answering("served"));
    ProxyFixture proxy([](model::ProcessSettings& settings) {
        settings.listeners.push_back(settings.listeners[0]);
        settings.listeners[0].front = model::Front::alb;
    });
    proxy.serve({origin.address()});
    auto behind_balancer = proxy.connect(0);
    auto direct = proxy.connect(1);
    CHECK(behind_balancer.exchange(plain_get).status == 200);
    CHECK(direct.exchange(plain_get).status == 200);
    std::atomic<bool> drained{false};
    proxy.begin_drain([&] { drained.store(true); });
    CHECK(direct.is_closed_by_peer());
    const auto last = behind_balancer.exchange(plain_get);
    CHECK(last.body == "served");
    CHECK(last.fields.at("connection") == "close");
    CHECK(behind_balancer.is_closed_by_peer());
    CHECK(eventually([&] { return drained.load(); }));
}

TEST_CASE("headers with an underscore are dropped, passed or refused as the listener says",
          "[scenario][listeners]") {
    ScriptedOrigin origin(ScriptedOrigin::echoing_heads());
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX_Y: 1\r\n\r\n";
    const auto with = [&](model::Underscores setting) {
        ProxyFixture proxy(
            [&](model::ProcessSettings& settings) { settings.listeners[0].underscores = setting; });
        proxy.serve({origin.address()});
        auto client = proxy.connect();
        return client.exchange(request);
    };
    CHECK_FALSE(fields_of(with(model::Underscores::drop).body).contains("x_y"));
    CHECK(fields_of(with(model::Underscores::pass).body).at("x_y") == "1");
    const auto refused = with(model::Underscores::reject);
    CHECK(refused.status == 400);
    CHECK(refused.fields.at("x-fairlead-reason") == "bad_header");
}

TEST_CASE("trailers with an underscore are treated as headers are", "[scenario][listeners]") {
    ScriptedOrigin origin([](SocketPeer& peer, int) {
        const auto head = peer.read_head();
        std::map<std::string, std::string> trailers;
        peer.read_body_of(head, &trailers);
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n" +
                  std::to_string(trailers.size()) + "\r\n0\r\nX_Z: 1\r\n\r\n");
    });
    const auto with = [&](model::Underscores setting) {
        ProxyFixture proxy(
            [&](model::ProcessSettings& settings) { settings.listeners[0].underscores = setting; });
        proxy.serve({origin.address()});
        auto client = proxy.connect();
        return client.exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\nX-A: 1\r\nX_Y: 1\r\n\r\n");
    };
    const auto dropped = with(model::Underscores::drop);
    CHECK(dropped.body == "1");
    CHECK(dropped.trailers.contains("x_z"));  // the endpoint's are its own
    CHECK(with(model::Underscores::pass).body == "2");
    const auto refused = with(model::Underscores::reject);
    CHECK(refused.status == 400);
    CHECK(refused.fields.at("x-fairlead-reason") == "bad_chunk");
}
