// What sockets need besides reading and writing.
//
// Threads: any (functions of their arguments).
#pragma once

#include "proxy/net/descriptor.hpp"
#include "proxy/net/io_result.hpp"
#include "proxy/net/socket_address.hpp"

#include <span>
#include <string_view>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace fairlead::net {

/// What a TCP socket needs before it is listened on, or once it is connected to `address`; accepted
/// sockets inherit it. No Nagle: we write whole messages. And where both ends are on this host, no
/// pacing: under BBR a long body sets a timer for every segment, a quarter of what it costs, to
/// spare a network that is not there. So a loopback address gets Reno, which every kernel has.
void tune(int fd, const SocketAddress& address) noexcept;

/// recv() and send(), but no cancellation points: in a process with threads glibc makes two atomic
/// operations around each of those.
inline ssize_t receive(int fd, std::span<char> into) noexcept {
    return ::syscall(SYS_recvfrom, fd, into.data(), into.size(), 0, nullptr, nullptr);
}
inline ssize_t send(int fd, std::string_view bytes, int flags) noexcept {
    return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), flags, nullptr, 0);
}

/// A new non-blocking stream socket of the address's family; empty with errno set where there is
/// none.
Descriptor open_stream_socket(const SocketAddress& address) noexcept;

/// Whether the other side has closed, or sent something, since the last read. One system call.
bool is_readable_or_closed(int fd) noexcept;

/// A TCP socket that connected to itself: on loopback a connect to a port of the ephemeral range
/// that nobody listens on may be given that very port as its own.
bool is_connected_to_itself(int fd, const SocketAddress& remote) noexcept;

/// The address that a socket is bound to.
SocketAddress local_address(int fd) noexcept;

/// errno as an error_code.
error_code last_system_error() noexcept;

}  // namespace fairlead::net
