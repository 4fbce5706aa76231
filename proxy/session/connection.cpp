#include "proxy/session/connection.hpp"

#include "proxy/base/log.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/session/exchange.hpp"

#include <algorithm>

namespace fairlead::session {
namespace {

// How long, and how much, we read of what nobody wants, so that the client gets to read our answer
// instead of a reset (RFC 9112 9.6).
constexpr Duration linger_time = 2s;
constexpr std::size_t linger_bytes = 1024 * 1024;

}  // namespace

Connection::Connection(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
                       const std::optional<model::IpBytes>& ip)
    : worker_(worker),
      listener_(listener),
      client_(learn_client(ip)),
      transport_(worker.reactor(), std::move(socket)),
      stream_(transport_, worker.buffers(), worker.wheel(), worker.scratch(), listener.stream,
              client_) {
    worker_.add(*this);
}

Connection::~Connection() {
    worker_.remove(*this);
}

http::ClientFacts Connection::learn_client(const std::optional<model::IpBytes>& ip) const {
    http::ClientFacts facts;
    facts.scheme = listener_.tls ? "https" : "http";
    facts.port = listener_.port;
    if (!ip) return facts;
    facts.ip = net::ip_text(*ip);
    const auto& trusted = listener_.settings.trusted_proxies;
    facts.is_trusted = std::any_of(trusted.begin(), trusted.end(),
                                   [&](const auto& prefix) { return prefix.contains(*ip); });
    return facts;
}

void Connection::close_transport(void* self) {
    static_cast<Connection*>(self)->transport_.close();
}

net::task<> Connection::serve() {
    if (listener_.tls) {
        const bool is_secure = co_await handshake();
        if (!is_secure) co_return;
    }
    for (;;) {
        const auto read = co_await stream_.read_request();
        if (!read) {
            if (read.error().reason != Reason::client_closed) {
                co_await refuse(read.error().reason);
            }
            break;
        }
        Exchange exchange(worker_, stream_);
        co_await exchange.run();
        if (!stream_.finish_request()) break;
    }
    if (stream_.has_unread_body()) {
        co_await close_lingering();
    }
    transport_.close();
}

net::task<bool> Connection::handshake() {
    net::Deadline deadline(worker_.wheel(), &Connection::close_transport, this);
    deadline.arm(listener_.settings.head_timeout);
    const net::error_code ec = co_await transport_.handshake(*listener_.tls);
    if (ec) {
        worker_.counters().add(Reason::tls_handshake_failed);
    } else {
        worker_.counters().add(metrics::Metric::tls_handshakes);
    }
    co_return !ec;
}

net::task<> Connection::refuse(Reason reason) {
    worker_.counters().add(reason);
    log::debug("request.refused", log::kv("client", client_.ip),
               log::kv("reason", to_string(reason)));
    stream_.close_after_response();
    const http::Reply reply = http::make_reply(reason);
    http::BodyPiece piece;
    piece.data = reply.body;
    piece.is_last = true;
    if (stream_.send_head(reply.head, piece) != net::Sent::all) {
        const auto sent = co_await stream_.finish_sending();
        if (!sent) co_return;
    }
    co_await close_lingering();
}

net::task<> Connection::close_lingering() {
    if (!transport_.is_open()) co_return;
    transport_.shut_down_writing();
    net::Deadline deadline(worker_.wheel(), &Connection::close_transport, this);
    deadline.arm(linger_time);
    net::Buffer buffer = worker_.buffers().borrow(net::BufferPool::small);
    for (std::size_t seen = 0; seen < linger_bytes;) {
        auto [ec, n] = co_await transport_.read_some(buffer.space());
        if (ec) break;
        seen += n;
    }
}

net::task<> serve_connection(Worker& worker, const ListenerContext& listener,
                             net::Descriptor socket, std::optional<model::IpBytes> ip) {
    Connection connection(worker, listener, std::move(socket), ip);
    co_await connection.serve();
}

}  // namespace fairlead::session
