#include "proxy/model/address.hpp"

#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace fairlead::model {
namespace {

constexpr std::string_view allowed = "allowed: host:port, [v6]:port or unix:/path";
// sockaddr_un's sun_path is 108 bytes with its terminator.
constexpr std::size_t longest_socket_path = 107;

Problem bad(std::string_view text, std::string_view why) {
    return problem("'{}' is not an address: {}; {}", text, why, allowed);
}

}  // namespace

bool is_host_character(char c) noexcept {
    return ascii::is_alnum(c) || c == '.' || c == '-' || c == '_';
}

Address Address::tcp(std::string host, std::uint16_t port) {
    Address address;
    address.host = std::move(host);
    address.port = port;
    return address;
}

Address Address::unix_socket(std::string path) {
    Address address;
    address.kind = Kind::unix_socket;
    address.path = std::move(path);
    return address;
}

Checked<Address> parse_address(std::string_view text, std::uint16_t default_port) {
    if (text.starts_with("unix:")) {
        const auto path = text.substr(5);
        if (path.empty() || path.front() != '/')
            return bad(text, "the socket's path must start with /");
        if (path.size() > longest_socket_path)
            return bad(text, "the socket's path is longer than 107 bytes");
        return Address::unix_socket(std::string(path));
    }

    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return bad(text, "']' is missing");
        host = text.substr(1, end - 1);
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return bad(text, "only :port may follow ']'");
        has_port = !rest.empty();
        if (has_port) port = rest.substr(1);
        for (char c : host) {
            if (!ascii::is_alnum(c) && c != ':' && c != '.' && c != '%')
                return bad(text, "not an IPv6 address");
        }
        if (host.find(':') == std::string_view::npos)
            return bad(text, "only IPv6 addresses stand in brackets");
    } else {
        const auto colon = text.rfind(':');
        has_port = colon != std::string_view::npos;
        if (has_port) {
            host = text.substr(0, colon);
            port = text.substr(colon + 1);
        }
        if (host.find(':') != std::string_view::npos)
            return bad(text, "IPv6 addresses stand in brackets");
        for (char c : host) {
            if (!is_host_character(c))
                return bad(text, "the host has a character that host names cannot have");
        }
    }
    if (host.empty()) return bad(text, "the host is missing");

    std::uint16_t number = default_port;
    if (has_port) {
        unsigned value = 0;
        const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), value);
        if (ec != std::errc{} || end != port.data() + port.size() || value > 65535) {
            return bad(text, "the port must be 0 to 65535");
        }
        number = static_cast<std::uint16_t>(value);
    } else if (default_port == 0) {
        return bad(text, "the port is missing");
    }
    return Address::tcp(ascii::lower(host), number);
}

std::string to_string(const Address& address) {
    if (address.kind == Address::Kind::unix_socket) return "unix:" + address.path;
    if (address.host.find(':') != std::string::npos)
        return fmt::format("[{}]:{}", address.host, address.port);
    return fmt::format("{}:{}", address.host, address.port);
}

}  // namespace fairlead::model
