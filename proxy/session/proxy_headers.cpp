#include "proxy/session/proxy_headers.hpp"

#include "proxy/model/ip_prefix.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::session {
namespace {

// A client behind a chain of this many that all write one is no client of ours.
constexpr unsigned most_headers = 4;

void put(std::string& field, std::string_view said) {
    if (!said.empty()) field = said;
}

}  // namespace

ProxyHeaders::ProxyHeaders(net::Transport& transport, net::Deadline& deadline,
                           const ListenerContext& listener, http::ClientFacts& client)
    : transport_(transport),
      deadline_(deadline),
      listener_(listener),
      client_(client),
      peer_(model::read_ip(client.ip)),
      writer_(peer_) {}

net::task<result<>> ProxyHeaders::read() {
    // A connection may be opened ahead of its first use.
    deadline_.arm(listener_.settings.keep_alive);
    bool has_begun = false;
    for (;;) {
        const auto found = look();
        if (found == Look::done) break;
        if (found == Look::failed) co_return Failure(reason_);
        if ((found == Look::part) != has_begun) {
            has_begun = !has_begun;
            const auto& settings = listener_.settings;
            deadline_.arm(has_begun ? settings.head_timeout : settings.keep_alive);
        }
        const bool ready = co_await transport_.wait_for_more();
        if (!ready) {
            const bool too_slow = has_begun && deadline_.expired();
            co_return Failure(too_slow ? Reason::proxy_header_timeout : Reason::client_closed);
        }
    }
    deadline_.disarm();
    co_return result<>();
}

ProxyHeaders::Look ProxyHeaders::look() {
    using Status = net::ProxyHeaderRead::Status;
    std::array<char, net::most_proxy_header_bytes> bytes;
    for (;;) {
        const bool is_all = transport_.has_hung_up();  // nothing will come behind what is here
        const auto peeked = transport_.try_peek(bytes);
        if (peeked.is_blocked()) return Look::nothing;
        if (!peeked.is_done()) return fail(Reason::client_closed);
        net::ProxyHeader header;
        const auto read =
            net::read_proxy_header(std::string_view(bytes.data(), peeked.size), header);
        switch (read.status) {
            case Status::absent: {
                const auto setting = listener_.settings.proxy_protocol;
                if (headers_ > 0 || setting != model::ProxyProtocol::required) return Look::done;
                return fail(Reason::proxy_header_missing);
            }
            case Status::incomplete:
                return is_all ? fail(Reason::client_closed) : Look::part;
            case Status::failed:
                return fail(Reason::bad_proxy_header, read.why);
            case Status::complete:
                if (headers_ == most_headers)
                    return fail(Reason::bad_proxy_header, "there are more than 4 headers");
                if (is_believed()) learn(header);
                ++headers_;
                transport_.skip(read.size);
                break;
        }
    }
}

ProxyHeaders::Look ProxyHeaders::fail(Reason reason, std::string_view why) noexcept {
    reason_ = reason;
    why_ = why;
    return Look::failed;
}

bool ProxyHeaders::is_believed() const noexcept {
    const auto& from = listener_.settings.proxy_protocol_from;
    if (!from) return headers_ == 0;
    if (!is_writer_known_) return false;
    if (!writer_) return listener_.settings.trusts_local_clients;
    return std::any_of(from->begin(), from->end(),
                       [&](const auto& prefix) { return prefix.contains(*writer_); });
}

void ProxyHeaders::learn(const net::ProxyHeader& header) {
    auto facts = std::make_unique<http::ProxyFacts>();
    if (client_.proxy) *facts = *client_.proxy;
    is_writer_known_ = header.addresses.has_value();
    if (header.addresses) {
        writer_ = header.addresses->source;
        auto client = listener_.client_at(writer_);
        client.scheme = client_.scheme;
        client.port = std::to_string(header.addresses->destination_port);
        client_ = std::move(client);
        facts->source_port = header.addresses->source_port;
    }
    if (peer_) facts->peer = model::ip_text(*peer_);
    put(facts->authority, header.authority);
    put(facts->alpn, header.alpn);
    put(facts->unique_id, header.unique_id);
    put(facts->vpc_endpoint, header.vpc_endpoint);
    if (header.tls && header.tls->is_encrypted) {
        client_.scheme = "https";
        put(facts->tls_version, header.tls->version);
        put(facts->tls_cipher, header.tls->cipher);
        if (header.tls->is_verified) put(facts->tls_common_name, header.tls->common_name);
    }
    client_.proxy = std::move(facts);
}

}  // namespace fairlead::session
