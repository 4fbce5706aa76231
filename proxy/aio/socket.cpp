#include "proxy/aio/socket.hpp"

#include <cstring>

namespace fairlead::aio {

std::optional<stream_protocol::endpoint> endpoint_of(const model::Address& address) {
    const auto found = net::socket_address_of(address);
    if (!found) return std::nullopt;
    stream_protocol::endpoint endpoint;
    std::memcpy(endpoint.data(), found->data(), found->size());
    endpoint.resize(found->size());
    return endpoint;
}

net::SocketAddress socket_address_of(const stream_protocol::endpoint& endpoint) {
    net::SocketAddress address;
    std::memcpy(address.data(), endpoint.data(), endpoint.size());
    address.resize(static_cast<socklen_t>(endpoint.size()));
    return address;
}

}  // namespace fairlead::aio
