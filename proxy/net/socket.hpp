// Sockets and addresses: what Asio leaves to the caller.
//
// Threads: any (functions of their arguments).
#pragma once

#include "proxy/model/address.hpp"
#include "proxy/model/ip_prefix.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/types.hpp"

#include <optional>
#include <string>

namespace fairlead::net {

/// The socket address of a numeric TCP or a Unix address; none where the host is a name.
std::optional<stream_protocol::endpoint> endpoint_of(const model::Address& address);

/// What a bound or connected TCP or Unix endpoint is called.
model::Address address_of(const stream_protocol::endpoint& endpoint);

/// The address of a connected TCP peer in v4-mapped form; none for Unix sockets.
std::optional<model::IpBytes> ip_of(const stream_protocol::endpoint& endpoint);

/// Dotted or colon form of what ip_of gives: "10.1.2.3", "2001:db8::1".
std::string ip_text(const model::IpBytes& ip);

/// No Nagle on TCP: we write whole messages.
void disable_nagle(int fd) noexcept;

/// A new non-blocking stream socket of the endpoint's family; empty with errno set where there is
/// none.
Descriptor open_stream_socket(const stream_protocol::endpoint& endpoint) noexcept;

/// Whether the other side has closed, or sent something, since the last read. One system call.
bool is_readable_or_closed(int fd) noexcept;

/// A TCP socket that connected to itself: on loopback a connect to a port of the ephemeral range
/// that nobody listens on may be given that very port as its own.
bool is_connected_to_itself(int fd, const stream_protocol::endpoint& remote) noexcept;

/// The address that a socket is bound to.
stream_protocol::endpoint local_endpoint(int fd) noexcept;

/// errno as an error_code.
error_code last_system_error() noexcept;

}  // namespace fairlead::net
