#include "bench/common/socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

namespace fairlead::bench {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Fd::reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

namespace {

template <class Sockaddr>
void store(SocketAddress& address, const Sockaddr& value) {
    std::memcpy(&address.storage, &value, sizeof(value));
    address.length = sizeof(value);
}

template <class Sockaddr>
Sockaddr load(const SocketAddress& address) {
    Sockaddr value{};
    std::memcpy(&value, &address.storage, sizeof(value));
    return value;
}

std::optional<SocketAddress> unix_address(std::string_view path) {
    sockaddr_un un{};
    if (path.empty() || path.size() >= sizeof(un.sun_path)) return std::nullopt;
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    SocketAddress address;
    store(address, un);
    address.unix_path = path;
    return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

bool SocketAddress::is_local() const noexcept {
    if (is_unix()) return true;
    if (storage.ss_family == AF_INET)
        return ntohl(load<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == 127;
    const auto v6 = load<sockaddr_in6>(*this);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

std::string SocketAddress::to_string() const {
    if (is_unix()) return "unix:" + unix_path;
    char text[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_INET) {
        const auto v4 = load<sockaddr_in>(*this);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
        return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
    }
    const auto v6 = load<sockaddr_in6>(*this);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

std::optional<SocketAddress> parse_address(std::string_view text) {
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix)) return unix_address(text.substr(unix_prefix.size()));

    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    std::string host(text.substr(0, colon));
    if (host == "localhost") host = "127.0.0.1";

    SocketAddress address;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(*port);
        if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) != 1)
            return std::nullopt;
        store(address, v6);
        return address;
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(*port);
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
    store(address, v4);
    return address;
}

Fd listen_on(const SocketAddress& address) {
    Fd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return socket;
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.is_unix()) ::unlink(address.unix_path.c_str());
    if (::bind(socket.get(), address.data(), address.length) != 0 ||
        ::listen(socket.get(), 4096) != 0)
        return Fd();
    return socket;
}

SocketAddress bound_address(const Fd& socket, const SocketAddress& asked) {
    if (asked.is_unix()) return asked;
    SocketAddress address;
    address.length = sizeof(address.storage);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
    return address;
}

Fd connect_to(const SocketAddress& address) {
    Fd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return socket;
    disable_nagle(socket);
    if (::connect(socket.get(), address.data(), address.length) != 0 && errno != EINPROGRESS)
        return Fd();
    return socket;
}

void disable_nagle(const Fd& socket) noexcept {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace fairlead::bench
