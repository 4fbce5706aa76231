// Where something listens: a TCP address (numeric or a host name) or a Unix socket's path.
//
// Threads: any (value).
#pragma once

#include "proxy/base/checked.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::model {

struct Address {
    enum class Kind : std::uint8_t { tcp, unix_socket };

    Kind kind = Kind::tcp;
    std::string host;        // tcp: numeric address or host name, v6 without brackets
    std::uint16_t port = 0;  // tcp
    std::string path;        // unix_socket

    bool operator==(const Address&) const = default;
    auto operator<=>(const Address&) const = default;

    static Address tcp(std::string host, std::uint16_t port);
    static Address unix_socket(std::string path);
};

/// Reads `host:port`, `[v6]:port` or `unix:/path`. `default_port` 0: the port must be written.
Checked<Address> parse_address(std::string_view text, std::uint16_t default_port = 0);

/// The inverse: `127.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`.
std::string to_string(const Address& address);

/// A letter, a digit, `.`, `-` or `_`: what host names are written with.
bool is_host_character(char c) noexcept;

}  // namespace fairlead::model
