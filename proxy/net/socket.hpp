// What sockets need besides reading and writing.
//
// Threads: any (functions of their arguments).
#pragma once

#include "proxy/net/descriptor.hpp"
#include "proxy/net/io_result.hpp"
#include "proxy/net/socket_address.hpp"

namespace fairlead::net {

/// No Nagle on TCP: we write whole messages. Sockets accepted from a listener inherit it.
void disable_nagle(int fd) noexcept;

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
