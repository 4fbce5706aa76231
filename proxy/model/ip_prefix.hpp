// A range of IP addresses in CIDR form: of trusted_proxies, proxy_protocol_from, allow and deny.
//
// Threads: any (value). Cost of contains(): at most 16 byte compares.
#pragma once

#include "proxy/base/checked.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::model {

/// A v4 address is held as its v4-mapped v6 form (::ffff:a.b.c.d), so that both families compare
/// alike.
using IpBytes = std::array<std::uint8_t, 16>;

struct IpPrefix {
    IpBytes network = {};
    unsigned bits = 128;  // 0 to 128, counted in the mapped form

    bool contains(const IpBytes& address) const noexcept;
    bool operator==(const IpPrefix&) const = default;
};

/// Reads `10.0.0.0/8`, `::1/128` or a single address. Bits below the mask must be zero.
Checked<IpPrefix> parse_ip_prefix(std::string_view text);

/// In front of the four bytes of an IPv4 address (RFC 4291 2.5.5.2).
inline constexpr std::array<std::uint8_t, 12> v4_mapped = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xff, 0xff};
bool is_v4(const IpBytes& ip) noexcept;

/// Dotted or colon form: "10.1.2.3", "2001:db8::1".
std::string ip_text(const IpBytes& ip);

/// "10.0.0.0/8", "2001:db8::/32"
std::string to_string(const IpPrefix& prefix);

/// Reads a numeric address without brackets or port. No allocation.
std::optional<IpBytes> read_ip(std::string_view text) noexcept;

/// The same, with the reason why not.
Checked<IpBytes> parse_ip(std::string_view text);

}  // namespace fairlead::model
