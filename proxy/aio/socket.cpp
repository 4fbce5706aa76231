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
    return {endpoint.data(), static_cast<socklen_t>(endpoint.size())};
}

}  // namespace fairlead::aio
