#include "proxy/net/socket.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fairlead::net {

void tune(int fd, const SocketAddress& address) noexcept {
    if (address.family() == AF_UNIX) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    constexpr std::string_view unpaced = "reno";
    const auto ip = ip_of(address);
    if (ip && is_loopback(*ip))
        ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, unpaced.data(), unpaced.size());
}

Descriptor open_stream_socket(const SocketAddress& address) noexcept {
    return Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool is_readable_or_closed(int fd) noexcept {
    char byte = 0;
    const auto n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool is_connected_to_itself(int fd, const SocketAddress& remote) noexcept {
    return remote.family() != AF_UNIX && local_address(fd) == remote;
}

SocketAddress local_address(int fd) noexcept {
    SocketAddress address;
    socklen_t size = SocketAddress::capacity();
    if (::getsockname(fd, address.data(), &size) == 0) address.resize(size);
    return address;
}

error_code last_system_error() noexcept {
    return {errno, boost::system::system_category()};
}

}  // namespace fairlead::net
