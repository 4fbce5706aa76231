// A PROXY protocol header: every longer input has the verdict of the first decisive bytes, what is
// taken lies within them, and its addresses written anew are the same.
#include "proxy/net/proxy_header.hpp"
#include "tests/fuzz/fuzzing.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string>

using namespace fairlead;
using namespace fairlead::fuzz;
using namespace fairlead::net;
using Status = ProxyHeaderRead::Status;

namespace {

bool same(const std::optional<ProxyHeader::Addresses>& a,
          const std::optional<ProxyHeader::Addresses>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return a->source == b->source && a->destination == b->destination &&
           a->source_port == b->source_port && a->destination_port == b->destination_port;
}

bool same(const ProxyHeader& a, const ProxyHeader& b) {
    if (a.tls.has_value() != b.tls.has_value()) return false;
    if (a.tls && (a.tls->is_encrypted != b.tls->is_encrypted || a.tls->version != b.tls->version ||
                  a.tls->has_client_cert != b.tls->has_client_cert ||
                  a.tls->is_verified != b.tls->is_verified || a.tls->cipher != b.tls->cipher ||
                  a.tls->common_name != b.tls->common_name))
        return false;
    return a.version == b.version && same(a.addresses, b.addresses) && a.alpn == b.alpn &&
           a.authority == b.authority && a.unique_id == b.unique_id &&
           a.vpc_endpoint == b.vpc_endpoint;
}

void require_sound(const ProxyHeaderRead& read, const ProxyHeader& header, const Bytes& input) {
    require(read.size <= input.text().size() && read.size <= most_proxy_header_bytes,
            "the header is a bounded part of the input");
    require(header.version == 1 || header.version == 2, "a version");
    for (const auto view : {header.alpn, header.authority, header.unique_id, header.vpc_endpoint})
        require(input.holds(view), "views lie in the input");
    require(header.unique_id.size() <= 128, "a bounded id");
    if (!header.tls) return;
    for (const auto view : {header.tls->version, header.tls->cipher, header.tls->common_name})
        require(input.holds(view), "views lie in the input");
}

/// Version 2 over IPv6, which takes both families.
std::string written_anew(const ProxyHeader::Addresses& addresses) {
    std::string out("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24", 16);
    for (const auto& ip : {addresses.source, addresses.destination})
        out.append(ip.begin(), ip.end());
    for (const auto port : {addresses.source_port, addresses.destination_port}) {
        out += static_cast<char>(port >> 8U);
        out += static_cast<char>(port & 0xffU);
    }
    return out;
}

/// The only line of version 1 that has these IPv4 addresses.
std::string line_of(const ProxyHeader::Addresses& addresses) {
    std::string out = "PROXY TCP4";
    for (const auto& ip : {addresses.source, addresses.destination}) {
        std::array<char, INET_ADDRSTRLEN> text = {};
        inet_ntop(AF_INET, ip.data() + 12, text.data(), text.size());
        out.append(" ").append(text.data());
    }
    return out + " " + std::to_string(addresses.source_port) + " " +
           std::to_string(addresses.destination_port) + "\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input({reinterpret_cast<const char*>(data), size});
    ProxyHeader header;
    const auto whole = read_proxy_header(input.text(), header);
    require((whole.status == Status::failed) == !whole.why.empty(), "a refusal has a cause");

    // Once decided, always decided, at the same byte.
    auto early = Status::incomplete;
    for (std::size_t n = 0; n <= size && early == Status::incomplete; ++n) {
        ProxyHeader part;
        const auto read = read_proxy_header(input.text().substr(0, n), part);
        early = read.status;
        require(early != Status::complete || (read.size == n && same(part, header)),
                "it is complete with its last byte");
    }
    require(early == whole.status, "more bytes do not change the verdict");
    if (whole.status != Status::complete) return 0;

    require_sound(whole, header, input);
    if (!header.addresses) return 0;
    const std::string text = written_anew(*header.addresses);
    ProxyHeader again;
    const auto read = read_proxy_header(text, again);
    require(read.status == Status::complete && same(again.addresses, header.addresses),
            "the same addresses written anew are read alike");
    if (input.text().starts_with("PROXY TCP4 "))
        require(input.text().substr(0, whole.size) == line_of(*header.addresses),
                "version 1 has one spelling");
    return 0;
}
