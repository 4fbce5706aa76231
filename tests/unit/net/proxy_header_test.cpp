#include "proxy/net/proxy_header.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using namespace fairlead::net;
using Status = ProxyHeaderRead::Status;

namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string number(std::size_t n) {
    return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)};
}
std::string tlv(int type, const std::string& value) {
    return static_cast<char>(type) + number(value.size()) + value;
}
std::string version_2(int command, int family, const std::string& rest) {
    return signature + static_cast<char>(command) + static_cast<char>(family) +
           number(rest.size()) + rest;
}
// 192.0.2.1:1000 to 192.0.2.2:443
const std::string inet_block("\xc0\0\x02\x01\xc0\0\x02\x02\x03\xe8\x01\xbb", 12);

std::string with_tlvs(const std::string& tlvs) {
    return version_2(0x21, 0x11, inet_block + tlvs);
}

/// Bit by bit, straight from the definition.
std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

struct Outcome {
    ProxyHeaderRead read;
    ProxyHeader header;
};

/// Reads it whole, after making sure that every shorter beginning is incomplete.
Outcome read_in_pieces(const std::string& bytes) {
    Outcome outcome;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string part = bytes.substr(0, size);
        INFO("of the first " << size);
        CHECK(read_proxy_header(part, outcome.header).status == Status::incomplete);
    }
    outcome.read = read_proxy_header(bytes, outcome.header);
    return outcome;
}

std::string why_not(const std::string& bytes) {
    ProxyHeader header;
    const auto read = read_proxy_header(bytes, header);
    CHECK(read.status == Status::failed);
    return std::string(read.why);
}

model::IpBytes ip(std::string_view text) {
    return *model::parse_ip(text);
}

}  // namespace

TEST_CASE("a version 1 line names client and destination", "[net][proxy_header]") {
    const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.7 65535 0\r\n";
    const auto [read, header] = read_in_pieces(line);
    REQUIRE(read.status == Status::complete);
    CHECK(read.size == line.size());
    CHECK(header.version == 1);
    REQUIRE(header.addresses);
    CHECK(header.addresses->source == ip("192.0.2.1"));
    CHECK(header.addresses->destination == ip("198.51.100.7"));
    CHECK(header.addresses->source_port == 65535);
    CHECK(header.addresses->destination_port == 0);

    const auto v6 = read_in_pieces("PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
    REQUIRE(v6.read.status == Status::complete);
    CHECK(v6.header.addresses->source == ip("2001:db8::1"));
}

TEST_CASE("what follows a header is not looked at", "[net][proxy_header]") {
    ProxyHeader header;
    const std::string line = "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n";
    CHECK(read_proxy_header(line + "GET / HTTP/1.1\r\n", header).size == line.size());
    const auto block = with_tlvs("");
    CHECK(read_proxy_header(block + block, header).size == block.size());
}

TEST_CASE("UNKNOWN, LOCAL, UNSPEC and Unix addresses leave the socket's own address",
          "[net][proxy_header]") {
    const std::vector<std::string> headers = {
        "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN ffff::1 whatever it says 1 2\r\n",
        version_2(0x20, 0x00, ""),
        version_2(0x20, 0x11, inet_block),
        version_2(0x20, 0xff, "not to be read"),
        version_2(0x21, 0x00, ""),
        version_2(0x21, 0x00, tlv(0x04, "padding")),
        version_2(0x21, 0x31, std::string(216, 'x')),
    };
    for (const auto& bytes : headers) {
        const auto [read, header] = read_in_pieces(bytes);
        INFO(bytes);
        CHECK(read.status == Status::complete);
        CHECK(read.size == bytes.size());
        CHECK_FALSE(header.addresses);
    }
}

TEST_CASE("the longest version 1 line has 107 bytes", "[net][proxy_header]") {
    const std::string longest = "PROXY UNKNOWN" + std::string(92, ' ') + "\r\n";
    REQUIRE(longest.size() == 107);
    CHECK(read_in_pieces(longest).read.status == Status::complete);
    CHECK(why_not("PROXY UNKNOWN" + std::string(93, ' ') + "\r\n") ==
          "the line is longer than 107 bytes");
    CHECK(why_not(std::string("PROXY ") + std::string(101, '1')) ==
          "the line is longer than 107 bytes");
}

TEST_CASE("a malformed version 1 line is refused", "[net][proxy_header]") {
    const std::vector<std::string> lines = {
        "PROXY \r\n",
        "PROXY tcp4 1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY UDP4 1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10 11\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8\r\n",
        "PROXY TCP4 1.2.3.4\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 1.2.3 5.6.7.8 9 10\r\n",
        "PROXY TCP4 1.2.3.256 5.6.7.8 9 10\r\n",
        "PROXY TCP4 01.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY TCP4 ::1 ::1 9 10\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 9 10\r\n",
        "PROXY TCP6 ::1 5.6.7.8 9 10\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 9 10\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 -1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 +1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 100000\r\n",
        "PROXY TCP4 1.2.3.4\t5.6.7.8 9 10\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r \n",
        std::string("PROXY TCP4 1.2.3.4\0 5.6.7.8 9 10\r\n", 35),
    };
    for (const auto& line : lines) {
        INFO(line);
        CHECK_FALSE(why_not(line).empty());
    }
}

TEST_CASE("a version 2 header names client and destination", "[net][proxy_header]") {
    const auto bytes = with_tlvs("");
    const auto [read, header] = read_in_pieces(bytes);
    REQUIRE(read.status == Status::complete);
    CHECK(read.size == 28);
    CHECK(header.version == 2);
    REQUIRE(header.addresses);
    CHECK(header.addresses->source == ip("192.0.2.1"));
    CHECK(header.addresses->destination == ip("192.0.2.2"));
    CHECK(header.addresses->source_port == 1000);
    CHECK(header.addresses->destination_port == 443);
    CHECK_FALSE(header.tls);

    const std::string v6_block = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') +
                                 "\x01" + std::string(15, '\0') + "\x01" +
                                 std::string("\x00\x50\x01\xbb", 4);
    const auto v6 = read_in_pieces(version_2(0x21, 0x21, v6_block));
    REQUIRE(v6.read.status == Status::complete);
    CHECK(v6.header.addresses->source == ip("2001:db8::1"));
    CHECK(v6.header.addresses->destination == ip("::1"));
    CHECK(v6.header.addresses->source_port == 80);
}

TEST_CASE("the TLVs of a version 2 header are kept", "[net][proxy_header]") {
    const auto tls = std::string("\x07\0\0\0\0", 5) + tlv(0x21, "TLSv1.3") +
                     tlv(0x22, "client.example") + tlv(0x23, "TLS_AES_128_GCM_SHA256") +
                     tlv(0x25, "RSA4096");
    const auto bytes = with_tlvs(tlv(0x01, "h2") + tlv(0x02, "www.example.org") + tlv(0x04, "") +
                                 tlv(0x05, "id-1") + tlv(0x20, tls) + tlv(0x30, "netns") +
                                 tlv(0xea, "\x01vpce-08d2bf15fac5001c9") + tlv(0xf0, "mine"));
    const auto [read, header] = read_in_pieces(bytes);
    REQUIRE(read.status == Status::complete);
    CHECK(header.alpn == "h2");
    CHECK(header.authority == "www.example.org");
    CHECK(header.unique_id == "id-1");
    CHECK(header.vpc_endpoint == "vpce-08d2bf15fac5001c9");
    REQUIRE(header.tls);
    CHECK(header.tls->is_encrypted);
    CHECK(header.tls->has_client_cert);
    CHECK(header.tls->is_verified);
    CHECK(header.tls->version == "TLSv1.3");
    CHECK(header.tls->cipher == "TLS_AES_128_GCM_SHA256");
    CHECK(header.tls->common_name == "client.example");
}

TEST_CASE("a client certificate that did not verify is not taken for one that did",
          "[net][proxy_header]") {
    ProxyHeader header;
    const auto bad = with_tlvs(tlv(0x20, std::string("\x03\0\0\0\x0a", 5)));
    REQUIRE(read_proxy_header(bad, header).status == Status::complete);
    CHECK(header.tls->has_client_cert);
    CHECK_FALSE(header.tls->is_verified);
    const auto none = with_tlvs(tlv(0x20, std::string("\x01\0\0\0\0", 5)));
    REQUIRE(read_proxy_header(none, header).status == Status::complete);
    CHECK_FALSE(header.tls->has_client_cert);
    CHECK_FALSE(header.tls->is_verified);
}

TEST_CASE("a version 2 header's checksum must be right where there is one", "[net][proxy_header]") {
    auto bytes = with_tlvs(tlv(0x05, "id") + tlv(0x03, std::string(4, '\0')) + tlv(0x04, "pad"));
    const auto place = bytes.find(tlv(0x03, std::string(4, '\0'))) + 3;
    const auto crc = crc32c(bytes);
    for (std::size_t i = 0; i < 4; ++i) bytes[place + i] = static_cast<char>(crc >> (24 - 8 * i));
    CHECK(read_in_pieces(bytes).read.status == Status::complete);
    for (std::size_t at = 16; at < bytes.size(); ++at) {
        if (at == place - 3) continue;  // the checksum's type: then there is none
        auto broken = bytes;
        broken[at] = static_cast<char>(broken[at] ^ 1);
        INFO("byte " << at);
        ProxyHeader header;
        CHECK(read_proxy_header(broken, header).status != Status::complete);
    }
    bytes[place] = static_cast<char>(bytes[place] ^ 1);
    CHECK(why_not(bytes) == "its checksum is wrong");
    // The known answer of RFC 3720 B.4.
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
}

TEST_CASE("a malformed version 2 header is refused", "[net][proxy_header]") {
    const std::vector<std::string> headers = {
        version_2(0x11, 0x11, inet_block),
        version_2(0x22, 0x11, inet_block),
        version_2(0x21, 0x41, inet_block),
        version_2(0x21, 0x12, inet_block),
        version_2(0x21, 0x11, inet_block.substr(1)),
        version_2(0x21, 0x21, inet_block),
        version_2(0x21, 0x31, inet_block),
        version_2(0x21, 0x11, inet_block + std::string(4096, '\0')),
        with_tlvs("\x04"),
        with_tlvs(std::string("\x04\0", 2)),
        with_tlvs(std::string("\x04\0\x02x", 4)),
        with_tlvs(tlv(0x04, "x") + "y"),
        with_tlvs(tlv(0x02, "a") + tlv(0x02, "b")),
        with_tlvs(tlv(0x02, "")),
        with_tlvs(tlv(0x05, std::string(129, 'x'))),
        with_tlvs(tlv(0x03, "abc")),
        with_tlvs(tlv(0x20, "abc")),
        with_tlvs(tlv(0x20, std::string("\x01\0\0\0\0", 5) + "\x21")),
        with_tlvs(tlv(0xea, "\x01")),
    };
    for (std::size_t i = 0; i < headers.size(); ++i) {
        INFO("row " << i);
        CHECK_FALSE(why_not(headers[i]).empty());
    }
}

TEST_CASE("what is too long or of another version is refused before all of it is here",
          "[net][proxy_header]") {
    CHECK(why_not(signature + "\x31") == "not version 2");
    CHECK(why_not(signature + "\x21\x11\xff\xff") == "it is longer than 4096 bytes");
    CHECK(why_not(signature + std::string("\x21\x21\0\x0c", 4)) ==
          "it is too short for its addresses");
}

TEST_CASE("bytes that begin something else are told apart at the first that differs",
          "[net][proxy_header]") {
    ProxyHeader header;
    for (const std::string other :
         {"G", "PROPFIND / HTTP/1.1\r\n", "PROXY\r\n", "\r\nGET", "\r\n\r\nG", "\x16\x03\x01"}) {
        INFO(other);
        CHECK(read_proxy_header(other, header).status == Status::absent);
    }
    CHECK(read_proxy_header("PRO", header).status == Status::incomplete);
    CHECK(read_proxy_header("\r\n", header).status == Status::incomplete);
}
