#include "proxy/net/socket.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace fairlead::net {

std::optional<stream_protocol::endpoint> endpoint_of(const model::Address& address) {
    if (address.kind == model::Address::Kind::unix_socket) {
        return stream_protocol::endpoint(asio::local::stream_protocol::endpoint(address.path));
    }
    error_code ec;
    const auto ip = asio::ip::make_address(address.host, ec);
    if (ec) return std::nullopt;
    return stream_protocol::endpoint(asio::ip::tcp::endpoint(ip, address.port));
}

model::Address address_of(const stream_protocol::endpoint& endpoint) {
    const auto* const any = endpoint.data();
    if (any->sa_family == AF_INET) {
        const auto* const in = reinterpret_cast<const sockaddr_in*>(any);
        char text[INET_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        return model::Address::tcp(text, ntohs(in->sin_port));
    }
    if (any->sa_family == AF_INET6) {
        const auto* const in6 = reinterpret_cast<const sockaddr_in6*>(any);
        char text[INET6_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
        return model::Address::tcp(text, ntohs(in6->sin6_port));
    }
    const auto* const un = reinterpret_cast<const sockaddr_un*>(any);
    const auto header = offsetof(sockaddr_un, sun_path);
    if (endpoint.size() <= header) return model::Address::unix_socket("");
    return model::Address::unix_socket(
        std::string(un->sun_path, ::strnlen(un->sun_path, endpoint.size() - header)));
}

std::optional<model::IpBytes> ip_of(const stream_protocol::endpoint& endpoint) {
    const auto* const any = endpoint.data();
    model::IpBytes bytes = {};
    if (any->sa_family == AF_INET) {
        bytes[10] = bytes[11] = 0xff;
        std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(any)->sin_addr, 4);
        return bytes;
    }
    if (any->sa_family == AF_INET6) {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(any)->sin6_addr, 16);
        return bytes;
    }
    return std::nullopt;
}

std::string ip_text(const model::IpBytes& ip) {
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[INET6_ADDRSTRLEN] = {};
    if (std::memcmp(ip.data(), mapped, sizeof mapped) == 0) {
        ::inet_ntop(AF_INET, ip.data() + sizeof mapped, text, sizeof text);
    } else {
        ::inet_ntop(AF_INET6, ip.data(), text, sizeof text);
    }
    return text;
}

void disable_nagle(int fd) noexcept {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on Unix sockets: fine
}

Descriptor open_stream_socket(const stream_protocol::endpoint& endpoint) noexcept {
    return Descriptor(
        ::socket(endpoint.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool is_readable_or_closed(int fd) noexcept {
    char byte = 0;
    const auto n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool is_connected_to_itself(int fd, const stream_protocol::endpoint& remote) noexcept {
    return remote.data()->sa_family != AF_UNIX && local_endpoint(fd) == remote;
}

stream_protocol::endpoint local_endpoint(int fd) noexcept {
    stream_protocol::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(fd, static_cast<sockaddr*>(endpoint.data()), &size) == 0)
        endpoint.resize(size);
    return endpoint;
}

error_code last_system_error() noexcept {
    return {errno, boost::system::system_category()};
}

}  // namespace fairlead::net
