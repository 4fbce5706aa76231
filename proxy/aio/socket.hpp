// Between Asio's socket addresses and ours.
//
// Threads: any (functions of their arguments).
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/socket_address.hpp"

#include <optional>

namespace fairlead::aio {

/// None where the host is a name.
std::optional<stream_protocol::endpoint> endpoint_of(const model::Address& address);

net::SocketAddress socket_address_of(const stream_protocol::endpoint& endpoint);

}  // namespace fairlead::aio
