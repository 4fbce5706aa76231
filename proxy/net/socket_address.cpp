#include "proxy/net/socket_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <string>

namespace fairlead::net {
namespace {

template <class Kind>
SocketAddress with(const Kind& address, std::size_t size) {
    return {reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)};
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* from, socklen_t size) noexcept : storage_{} {
    resize(size);
    std::memcpy(&storage_, from, size_);
}

bool SocketAddress::operator==(const SocketAddress& other) const noexcept {
    return size_ == other.size_ && std::memcmp(data(), other.data(), size_) == 0;
}

std::optional<SocketAddress> socket_address_of(const model::Address& address) {
    if (address.kind == model::Address::Kind::unix_socket) {
        sockaddr_un un = {};
        if (address.path.size() >= sizeof un.sun_path) return std::nullopt;
        un.sun_family = AF_UNIX;
        std::memcpy(un.sun_path, address.path.data(), address.path.size());
        return with(un, offsetof(sockaddr_un, sun_path) + address.path.size() + 1);
    }
    sockaddr_in in = {};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    if (::inet_pton(AF_INET, address.host.c_str(), &in.sin_addr) == 1) return with(in, sizeof in);
    sockaddr_in6 in6 = {};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(address.port);
    if (::inet_pton(AF_INET6, address.host.c_str(), &in6.sin6_addr) == 1)
        return with(in6, sizeof in6);
    return std::nullopt;
}

SocketAddress socket_address_of(const model::IpBytes& ip, std::uint16_t port) {
    if (model::is_v4(ip)) {
        sockaddr_in in = {};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, ip.data() + model::v4_mapped.size(), 4);
        return with(in, sizeof in);
    }
    sockaddr_in6 in6 = {};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, ip.data(), 16);
    return with(in6, sizeof in6);
}

model::Address address_of(const SocketAddress& address) {
    if (address.family() == AF_INET) {
        const auto* const in = reinterpret_cast<const sockaddr_in*>(address.data());
        char text[INET_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        return model::Address::tcp(text, ntohs(in->sin_port));
    }
    if (address.family() == AF_INET6) {
        const auto* const in6 = reinterpret_cast<const sockaddr_in6*>(address.data());
        char text[INET6_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
        return model::Address::tcp(text, ntohs(in6->sin6_port));
    }
    const auto* const un = reinterpret_cast<const sockaddr_un*>(address.data());
    const auto header = offsetof(sockaddr_un, sun_path);
    if (address.size() <= header) return model::Address::unix_socket("");
    const auto most = std::min(address.size() - header, sizeof un->sun_path);
    return model::Address::unix_socket(std::string(un->sun_path, ::strnlen(un->sun_path, most)));
}

std::optional<model::IpBytes> ip_of(const SocketAddress& address) {
    model::IpBytes bytes = {};
    if (address.family() == AF_INET) {
        const auto* const in = reinterpret_cast<const sockaddr_in*>(address.data());
        std::ranges::copy(model::v4_mapped, bytes.begin());
        std::memcpy(bytes.data() + model::v4_mapped.size(), &in->sin_addr, 4);
        return bytes;
    }
    if (address.family() == AF_INET6) {
        const auto* const in6 = reinterpret_cast<const sockaddr_in6*>(address.data());
        std::memcpy(bytes.data(), &in6->sin6_addr, 16);
        return bytes;
    }
    return std::nullopt;
}

bool is_loopback(const model::IpBytes& ip) noexcept {
    if (model::is_v4(ip)) return ip[model::v4_mapped.size()] == 127;
    return IN6_IS_ADDR_LOOPBACK(reinterpret_cast<const in6_addr*>(ip.data()));
}

}  // namespace fairlead::net
