// A socket address as the kernel takes it: IPv4, IPv6 or Unix.
//
// Threads: any (values).
#pragma once

#include "proxy/model/address.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <cstdint>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>

namespace fairlead::net {

class SocketAddress {
public:
    SocketAddress() noexcept : storage_{} {}
    /// A copy of what a call of the system gave.
    SocketAddress(const sockaddr* from, socklen_t size) noexcept;

    const sockaddr* data() const noexcept { return &storage_.any; }
    sockaddr* data() noexcept { return &storage_.any; }
    socklen_t size() const noexcept { return size_; }
    static constexpr socklen_t capacity() noexcept { return sizeof(Storage); }
    /// After the kernel has written to data().
    void resize(socklen_t size) noexcept { size_ = size < capacity() ? size : capacity(); }
    sa_family_t family() const noexcept { return storage_.any.sa_family; }

    bool operator==(const SocketAddress& other) const noexcept;

private:
    union Storage {
        sockaddr any;
        sockaddr_un unix_path;  // the largest of those we use
        std::uint64_t aligned;
    };

    Storage storage_;
    socklen_t size_ = 0;
};

/// The socket address of a numeric TCP or a Unix address; none where the host is a name.
std::optional<SocketAddress> socket_address_of(const model::Address& address);

SocketAddress socket_address_of(const model::IpBytes& ip, std::uint16_t port);

/// What a bound or connected TCP or Unix socket is called.
model::Address address_of(const SocketAddress& address);

/// The address of a TCP peer in v4-mapped form; none for Unix sockets.
std::optional<model::IpBytes> ip_of(const SocketAddress& address);

/// In 127.0.0.0/8, or ::1.
bool is_loopback(const model::IpBytes& ip) noexcept;

}  // namespace fairlead::net
