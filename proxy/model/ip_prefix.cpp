#include "proxy/model/ip_prefix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace fairlead::model {
namespace {

constexpr unsigned mapped_offset = 96;  // bits before the v4 part of a mapped address

}  // namespace

bool IpPrefix::contains(const IpBytes& address) const noexcept {
    const std::size_t whole = bits / 8;
    if (std::memcmp(network.data(), address.data(), whole) != 0) return false;
    const unsigned rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return (network[whole] & mask) == (address[whole] & mask);
}

std::optional<IpBytes> read_ip(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated;
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    *std::copy(text.begin(), text.end(), terminated.begin()) = '\0';
    IpBytes bytes = {};
    if (inet_pton(AF_INET, terminated.data(), bytes.data() + 12) == 1) {
        bytes[10] = bytes[11] = 0xff;
        return bytes;
    }
    if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

Checked<IpBytes> parse_ip(std::string_view text) {
    if (const auto bytes = read_ip(text)) return *bytes;
    return problem("'{}' is not an IP address", text);
}

Checked<IpPrefix> parse_ip_prefix(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) return address.error();
    const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    const unsigned offset = is_v4 ? mapped_offset : 0;
    IpPrefix prefix{*address, 128};
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        unsigned bits = 0;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (ec != std::errc{} || end != digits.data() + digits.size() || bits > 128 - offset) {
            return problem("'{}': the prefix length must be 0 to {}", text, 128 - offset);
        }
        prefix.bits = bits + offset;
    }
    for (unsigned bit = prefix.bits; bit < 128; ++bit) {
        if (prefix.network[bit / 8] & (0x80u >> (bit % 8))) {
            return problem("'{}' has bits set below its prefix length", text);
        }
    }
    return prefix;
}

bool is_v4(const IpBytes& ip) noexcept {
    return std::equal(v4_mapped.begin(), v4_mapped.end(), ip.begin());
}

std::string ip_text(const IpBytes& ip) {
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (!is_v4(ip)) return inet_ntop(AF_INET6, ip.data(), text.data(), text.size());
    // Each connection needs it once, and inet_ntop goes through printf.
    char* const begin = text.data();
    char* end = begin;
    for (std::size_t i = v4_mapped.size(); i < ip.size(); ++i) {
        if (end != begin) *end++ = '.';
        end = std::to_chars(end, begin + text.size(), unsigned{ip[i]}).ptr;
    }
    return {begin, end};
}

std::string to_string(const IpPrefix& prefix) {
    // No prefix shorter than that of the mapped form has its bits: they would lie below the mask.
    const unsigned offset = is_v4(prefix.network) ? mapped_offset : 0;
    return fmt::format("{}/{}", ip_text(prefix.network), prefix.bits - offset);
}

}  // namespace fairlead::model
