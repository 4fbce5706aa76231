#include "proxy/net/proxy_header.hpp"

#include "proxy/base/ascii.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <cstring>

namespace fairlead::net {
namespace {

using Status = ProxyHeaderRead::Status;

constexpr std::string_view signature_1 = "PROXY ";
// Twelve bytes, NUL included, that no text protocol begins with.
constexpr std::string_view signature_2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t fixed_size_2 = 16;  // signature, version and command, family, length
constexpr std::size_t most_line_bytes = 107;

// Section 2.2.
enum Command : unsigned { local = 0, proxy = 1 };
enum Family : unsigned { unspecified = 0, inet = 1, inet6 = 2, unix_socket = 3 };
constexpr unsigned transport_stream = 1;
constexpr std::size_t inet_size = 12;
constexpr std::size_t inet6_size = 36;
constexpr std::size_t unix_size = 216;

// Section 2.2.1 and, for 0xEA, Amazon's.
enum TlvType : unsigned {
    type_alpn = 0x01,
    type_authority = 0x02,
    type_crc32c = 0x03,
    type_unique_id = 0x05,
    type_tls = 0x20,
    type_tls_version = 0x21,
    type_tls_common_name = 0x22,
    type_tls_cipher = 0x23,
    type_aws = 0xea,
};
constexpr std::size_t most_unique_id_bytes = 128;
constexpr char aws_vpc_endpoint = 0x01;
constexpr unsigned client_tls = 0x01;
constexpr unsigned client_cert_connection = 0x02;
constexpr unsigned client_cert_session = 0x04;

ProxyHeaderRead failed(std::string_view why) {
    return {Status::failed, 0, why};
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}
std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/// Whether `bytes` are, or may become, something that begins with `signature`.
bool may_begin(std::string_view bytes, std::string_view signature) {
    const auto size = std::min(bytes.size(), signature.size());
    return bytes.substr(0, size) == signature.substr(0, size);
}

// ---- version 1

/// Up to the next single space; the rest without that space. Null where there is none.
std::string_view take_word(std::string_view& rest) {
    const auto space = rest.find(' ');
    const auto word = rest.substr(0, space);
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    return word;
}

std::optional<model::IpBytes> read_address(std::string_view text, Family family) {
    const bool is_v6 = text.find(':') != std::string_view::npos;
    if (is_v6 != (family == inet6)) return std::nullopt;
    return model::read_ip(text);
}

std::optional<std::uint16_t> read_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0'))
        return std::nullopt;
    unsigned port = 0;
    for (const char c : text) {
        if (!ascii::is_digit(c)) return std::nullopt;
        port = port * 10 + static_cast<unsigned>(c - '0');
    }
    if (port > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

ProxyHeaderRead read_version_1(std::string_view bytes, ProxyHeader& header) {
    const auto line_bytes = bytes.substr(0, most_line_bytes);
    const auto feed = line_bytes.find('\n');
    if (feed == std::string_view::npos) {
        return bytes.size() < most_line_bytes ? ProxyHeaderRead{}
                                              : failed("the line is longer than 107 bytes");
    }
    if (line_bytes[feed - 1] != '\r') return failed("the line does not end in CRLF");
    auto rest = line_bytes.substr(signature_1.size(), feed - 1 - signature_1.size());
    const ProxyHeaderRead complete = {Status::complete, feed + 1, {}};
    header = ProxyHeader();
    header.version = 1;
    const auto protocol = take_word(rest);
    if (protocol == "UNKNOWN") return complete;  // what follows it means nothing
    if (protocol != "TCP4" && protocol != "TCP6")
        return failed("the protocol is not TCP4, TCP6 or UNKNOWN");
    const Family family = protocol == "TCP4" ? inet : inet6;
    const auto source = read_address(take_word(rest), family);
    const auto destination = read_address(take_word(rest), family);
    const auto source_port = read_port(take_word(rest));
    const auto destination_port = read_port(rest);
    if (!source || !destination) return failed("an address is malformed or of the other family");
    if (!source_port || !destination_port) return failed("a port is malformed");
    header.addresses = {*source, *destination, *source_port, *destination_port};
    return complete;
}

// ---- version 2

/// Castagnoli's, RFC 9260 appendix A.
using Crc32c = boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true>;

/// With the four bytes at `hole` counted as zero.
std::uint32_t crc32c_without(std::string_view bytes, std::size_t hole) {
    constexpr std::string_view zeros("\0\0\0\0", 4);
    Crc32c crc;
    crc.process_bytes(bytes.data(), hole);
    crc.process_bytes(zeros.data(), zeros.size());
    const auto rest = bytes.substr(hole + zeros.size());
    crc.process_bytes(rest.data(), rest.size());
    return crc.checksum();
}

/// Calls fn(type, value, at), `at` being the value's place in `bytes`, for each TLV. False: they do
/// not fill their space, or fn was not content.
template <class Fn>
bool each_tlv(std::string_view bytes, Fn&& fn) {
    constexpr std::size_t prefix = 3;
    for (std::size_t at = 0; at != bytes.size();) {
        if (bytes.size() - at < prefix) return false;
        const std::size_t size = number_at(bytes, at + 1);
        if (size > bytes.size() - at - prefix) return false;
        if (!fn(byte_at(bytes, at), bytes.substr(at + prefix, size), at + prefix)) return false;
        at += prefix + size;
    }
    return true;
}

/// What may be said once. False: it was said before, or says nothing.
bool put_once(std::string_view& field, std::string_view value) {
    if (field.data() != nullptr || value.empty()) return false;
    field = value;
    return true;
}

bool read_tls(std::string_view value, ProxyHeader& header) {
    constexpr std::size_t prefix = 5;  // client bits, verification result
    if (value.size() < prefix || header.tls) return false;
    const unsigned client = byte_at(value, 0);
    auto& tls = *(header.tls = ProxyHeader::Tls());
    tls.is_encrypted = (client & client_tls) != 0;
    tls.has_client_cert = (client & (client_cert_connection | client_cert_session)) != 0;
    tls.is_verified = tls.has_client_cert && value.substr(1, 4) == std::string_view("\0\0\0\0", 4);
    return each_tlv(value.substr(prefix), [&](unsigned type, std::string_view part, std::size_t) {
        switch (type) {
            case type_tls_version:
                return put_once(tls.version, part);
            case type_tls_common_name:
                return put_once(tls.common_name, part);
            case type_tls_cipher:
                return put_once(tls.cipher, part);
            default:
                return true;
        }
    });
}

/// The TLVs of `bytes`, a whole header, from `begin` on. Empty, or what is wrong.
std::string_view read_tlvs(std::string_view bytes, std::size_t begin, ProxyHeader& header) {
    std::string_view why;
    bool has_checksum = false;
    const auto one = [&](unsigned type, std::string_view value, std::size_t at) {
        switch (type) {
            case type_alpn:
                return put_once(header.alpn, value);
            case type_authority:
                return put_once(header.authority, value);
            case type_unique_id:
                return value.size() <= most_unique_id_bytes && put_once(header.unique_id, value);
            case type_tls:
                return read_tls(value, header);
            case type_aws:
                if (value.empty() || value.front() != aws_vpc_endpoint) return true;
                return put_once(header.vpc_endpoint, value.substr(1));
            case type_crc32c: {
                if (value.size() != 4 || has_checksum) return false;
                has_checksum = true;
                const std::uint32_t said =
                    static_cast<std::uint32_t>(number_at(value, 0)) << 16 | number_at(value, 2);
                if (crc32c_without(bytes, begin + at) == said) return true;
                why = "its checksum is wrong";
                return false;
            }
            default:
                return true;
        }
    };
    if (each_tlv(bytes.substr(begin), one)) return {};
    return why.empty() ? "a TLV is malformed or repeated" : why;
}

std::size_t addresses_size(Family family) {
    switch (family) {
        case inet:
            return inet_size;
        case inet6:
            return inet6_size;
        case unix_socket:
            return unix_size;
        case unspecified:
            break;
    }
    return 0;
}

ProxyHeader::Addresses read_addresses(std::string_view block, Family family) {
    ProxyHeader::Addresses found;
    const std::size_t size = family == inet ? 4 : 16;
    const auto read = [&](model::IpBytes& into, std::size_t at) {
        if (family == inet) into[10] = into[11] = 0xff;
        std::memcpy(into.data() + into.size() - size, block.data() + at, size);
    };
    read(found.source, 0);
    read(found.destination, size);
    found.source_port = number_at(block, 2 * size);
    found.destination_port = number_at(block, 2 * size + 2);
    return found;
}

ProxyHeaderRead read_version_2(std::string_view bytes, ProxyHeader& header) {
    // As soon as it can be told: nobody waits for the rest of what is refused.
    if (bytes.size() > 12 && byte_at(bytes, 12) >> 4 != 2) return failed("not version 2");
    if (bytes.size() < fixed_size_2) return {};
    const unsigned command = byte_at(bytes, 12) & 0xf;
    const unsigned family = byte_at(bytes, 13) >> 4;
    const unsigned transport = byte_at(bytes, 13) & 0xf;
    const std::size_t size = fixed_size_2 + number_at(bytes, 14);
    if (command > proxy) return failed("an unknown command");
    if (size > most_proxy_header_bytes) return failed("it is longer than 4096 bytes");
    if (command == proxy && (family > unix_socket || transport > transport_stream))
        return failed("an unknown address family, or not a stream");
    const auto known = static_cast<Family>(family);
    const std::size_t begin = fixed_size_2 + (command == proxy ? addresses_size(known) : 0);
    if (begin > size) return failed("it is too short for its addresses");
    if (bytes.size() < size) return {};

    header = ProxyHeader();
    header.version = 2;
    const ProxyHeaderRead complete = {Status::complete, size, {}};
    // LOCAL is the balancer's own connection: its family is to be ignored, so where TLVs would
    // begin is not known.
    if (command == local) return complete;
    if ((known == inet || known == inet6) && transport == transport_stream)
        header.addresses = read_addresses(bytes.substr(fixed_size_2), known);
    const auto why = read_tlvs(bytes.substr(0, size), begin, header);
    return why.empty() ? complete : failed(why);
}

}  // namespace

ProxyHeaderRead read_proxy_header(std::string_view bytes, ProxyHeader& header) {
    for (const auto signature : {signature_1, signature_2}) {
        if (!may_begin(bytes, signature)) continue;
        if (bytes.size() < signature.size()) return {};
        return signature == signature_1 ? read_version_1(bytes, header)
                                        : read_version_2(bytes, header);
    }
    return {Status::absent, 0, {}};
}

}  // namespace fairlead::net
