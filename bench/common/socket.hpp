// Descriptors and addresses for the measuring tools: ADDR:PORT, [V6]:PORT or unix:PATH.
//
// Threads: any (values).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace fairlead::bench {

/// Owns one descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept;

private:
    int fd_ = -1;
};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    std::string unix_path;  // empty: TCP

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    bool is_unix() const noexcept { return !unix_path.empty(); }
    /// On this machine: a Unix socket, 127.0.0.0/8 or ::1.
    bool is_local() const noexcept;
    std::string to_string() const;
};

/// Numeric addresses only: a static program has no resolver. "localhost" is 127.0.0.1.
std::optional<SocketAddress> parse_address(std::string_view text);

/// Non-blocking listening socket; an existing Unix socket file is replaced. Invalid: see errno.
Fd listen_on(const SocketAddress& address);

/// The address really bound (port 0 resolved).
SocketAddress bound_address(const Fd& socket, const SocketAddress& asked);

/// Non-blocking connect, under way or done. Invalid: refused at once, see errno.
Fd connect_to(const SocketAddress& address);

void disable_nagle(const Fd& socket) noexcept;  // nothing on a Unix socket

}  // namespace fairlead::bench
