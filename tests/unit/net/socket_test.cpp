#include "proxy/net/socket.hpp"

#include "proxy/net/listener.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>

using namespace fairlead;
using namespace fairlead::net;

namespace {

model::IpBytes ip(const char* host) {
    return ip_of(socket_address_of(model::Address::tcp(host, 0)).value()).value();
}

std::string congestion_control_of(int fd) {
    std::array<char, 16> name = {};
    socklen_t size = name.size();
    REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0);
    return name.data();
}

Descriptor listening_on(const char* host) {
    auto bound = bind_listener(model::Address::tcp(host, 0), 1, 0);
    REQUIRE(bound.has_value());
    return Descriptor(bound->descriptors.front());
}

}  // namespace

TEST_CASE("only 127.0.0.0/8 and ::1, however written, are loopback addresses") {
    CHECK(is_loopback(ip("127.0.0.1")));
    CHECK(is_loopback(ip("127.9.8.7")));
    CHECK(is_loopback(ip("::1")));
    CHECK(is_loopback(ip("::ffff:127.0.0.1")));
    CHECK_FALSE(is_loopback(ip("0.0.0.0")));
    CHECK_FALSE(is_loopback(ip("128.0.0.1")));
    CHECK_FALSE(is_loopback(ip("::")));
    CHECK_FALSE(is_loopback(ip("::2")));
}

TEST_CASE("connections within this host are not paced, and send at once") {
    const auto listener = listening_on("127.0.0.1");
    const auto address = local_address(listener.get());
    const auto client = open_stream_socket(address);
    const auto connected = ::connect(client.get(), address.data(), address.size());
    REQUIRE((connected == 0 || errno == EINPROGRESS));
    const int blocking = ::fcntl(listener.get(), F_GETFL) & ~O_NONBLOCK;
    REQUIRE(::fcntl(listener.get(), F_SETFL, blocking) == 0);
    const Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(accepted);
    CHECK(congestion_control_of(accepted.get()) == "reno");
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    REQUIRE(::getsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
    CHECK(no_delay != 0);
}

TEST_CASE("connections from elsewhere keep the system's congestion control") {
    const Descriptor plain(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto listener = listening_on("0.0.0.0");
    CHECK(congestion_control_of(listener.get()) == congestion_control_of(plain.get()));
}
