#include "proxy/session/connection.hpp"

#include "proxy/base/log.hpp"
#include "proxy/http/client_address.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/session/exchange.hpp"
#include "proxy/session/proxy_headers.hpp"
#include "proxy/session/request_log.hpp"

#include <algorithm>
#include <array>

namespace fairlead::session {
namespace {

// How long we read what nobody wants, so that the client gets to read our answer instead of a reset
// (RFC 9112 9.6): in all, and while nothing comes. Many clients write all of a body before they
// read. As nginx has them.
constexpr Duration linger_time = 30s;
constexpr Duration linger_patience = 5s;
constexpr Duration linger_time_when_draining = 2s;

// Who sends faster than we answer lets the others have their turn after so many requests, or reads.
constexpr unsigned most_in_a_row = 64;

}  // namespace

void Connection::open(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
                      const std::optional<model::IpBytes>& ip) {
    auto* const connection = new Connection(worker, listener, std::move(socket), ip);
    // Most clients have sent their request by now.
    net::spawn(worker.reactor(), "connection", connection->serve());
}

Connection::Connection(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
                       const std::optional<model::IpBytes>& ip)
    : worker_(worker),
      listener_(listener),
      client_(listener.client_at(ip)),
      transport_(worker.reactor(), std::move(socket), net::Watch::Starts::accepted),
      deadline_(worker.wheel(), &Connection::time_is_up, this),
      next_request_(*this) {
    worker_.add(*this);
}

Connection::~Connection() {
    worker_.remove(*this);
}

void Connection::time_is_up(void* self) {
    static_cast<Connection*>(self)->close_between_requests();
}

void Connection::cut() {
    if ((awaits_request() || is_lingering_) && !transport_.is_behind()) {
        transport_.close();
    } else {
        transport_.abort();
    }
}

void Connection::close_between_requests() {
    if (is_parked_ && transport_.is_behind()) {
        // Its client takes the answer slowly: somebody has to hurry it.
        transport_.withdraw_reader(next_request_);
        NextRequest::wake(next_request_, true);
    } else {
        close();
    }
}

net::task<> Connection::serve() {
    if (!is_set_up_) {
        const bool is_ready = co_await set_up();
        if (!is_ready) {
            delete this;
            co_return;
        }
    }
    auto loan = worker_.server_streams().borrow();
    auto& stream = *loan;
    stream.attach(transport_, listener_.stream, client_);
    for (unsigned served = 1;; ++served) {
        if (served % most_in_a_row == 0) {
            co_await worker_.reactor().next_turn();
        }
        stream.begin_request();
        auto next = stream.read_request();
        while (next && *next == http::Http1ServerStream::Next::incomplete) {
            const bool ready = co_await transport_.wait_readable();
            next = ready ? stream.read_request() : stream.give_up_request();
        }
        if (!next) {
            // A client that closes its side after its last request still gets the answer.
            if (transport_.is_behind()) {
                co_await stream.finish_sending();
            }
            if (next.error().reason != Reason::client_closed) {
                co_await refuse(stream, next.error().reason);
            } else if (stream.has_begun_request()) {
                worker_.counters().add(Reason::client_closed);
            }
            break;
        }
        if (*next == http::Http1ServerStream::Next::none) {
            if (transport_.is_behind()) {
                const auto taken = co_await stream.finish_sending();
                if (!taken) break;
                if (transport_.may_have_input()) continue;
            }
            if (park()) co_return;
            continue;
        }
        Exchange exchange(worker_, stream);
        co_await exchange.run();
        if (!stream.finish_request()) break;
        const bool has_more = stream.has_input() || transport_.may_have_input();
        if (!has_more && !transport_.is_behind() && park()) co_return;
    }
    if (stream.may_be_sending()) {
        co_await close_lingering();
    }
    loan.reset();  // it refers to the transport
    delete this;
}

net::task<bool> Connection::set_up() {
    is_set_up_ = true;
    if (listener_.settings.proxy_protocol != model::ProxyProtocol::off) {
        const bool has_read = co_await read_proxy_headers();
        if (!has_read) co_return false;
    }
    if (!listener_.tls) co_return true;
    co_return co_await handshake();
}

net::task<bool> Connection::read_proxy_headers() {
    ProxyHeaders headers(transport_, deadline_, listener_, client_);
    is_before_first_ = true;
    const auto read = co_await headers.read();
    is_before_first_ = false;
    if (read) co_return true;
    const auto reason = read.error().reason;
    if (reason != Reason::client_closed) {
        worker_.counters().add(reason);
        log::debug("connection.refused", log::kv("client", client_.ip),
                   log::kv("reason", to_string(reason)), log::kv("why", headers.why()));
    }
    co_return false;
}

net::task<bool> Connection::client_begins() {
    is_before_first_ = true;
    std::array<char, 1> first;
    auto peeked = transport_.try_peek(first);
    while (peeked.is_blocked()) {
        const bool ready = co_await transport_.wait_for_more();
        if (!ready) break;
        peeked = transport_.try_peek(first);
    }
    is_before_first_ = false;
    co_return peeked.is_done();
}

net::task<bool> Connection::handshake() {
    deadline_.arm(listener_.settings.head_timeout);
    const bool has_begun = co_await client_begins();
    if (!has_begun) {
        // Who only looks whether we are there fails at nothing.
        if (deadline_.expired()) worker_.counters().add(Reason::tls_handshake_failed);
        co_return false;
    }
    const net::error_code ec = co_await transport_.handshake(*listener_.tls);
    deadline_.disarm();
    if (ec) {
        worker_.counters().add(Reason::tls_handshake_failed);
    } else {
        worker_.counters().add(metrics::Metric::tls_handshakes);
    }
    co_return !ec;
}

bool Connection::park() {
    const bool ends_soon = worker_.is_draining() && !leaves_closing_to_front();
    deadline_.arm(ends_soon ? Worker::patience_when_draining
                            : Duration(listener_.settings.keep_alive));
    is_parked_ = transport_.wake_when_readable(next_request_);
    if (is_parked_) transport_.expect_message();
    return is_parked_;
}

void Connection::NextRequest::wake(net::Waiter& waiter, bool ready) {
    auto& connection = static_cast<NextRequest&>(waiter).connection;
    connection.is_parked_ = false;
    connection.deadline_.disarm();
    if (!ready) {
        delete &connection;
        return;
    }
    net::spawn(connection.worker_.reactor(), "connection", connection.serve());
}

net::task<> Connection::refuse(http::Http1ServerStream& stream, Reason reason) {
    worker_.counters().add(reason);
    log::debug("request.refused", log::kv("client", client_.ip),
               log::kv("reason", to_string(reason)));
    stream.close_after_response();
    http::Reply reply = http::make_reply(reason);
    // Of a head that is no request nobody knows the method.
    const auto method = stream.has_request() ? stream.request().method : http::Method::get;
    const auto piece = http::content_of(reply, method);
    bool is_sent = true;
    if (stream.send_head(reply.head, piece) != net::Sent::all) {
        const auto sent = co_await stream.finish_sending();
        is_sent = sent.has_value();
    }
    if (worker_.access_log() != nullptr) write_refused(stream, reason);
    if (is_sent) {
        co_await close_lingering();
    }
}

void Connection::write_refused(const http::Http1ServerStream& stream, Reason reason) {
    http::ClientAddress address(stream.request(), client_);
    auto line =
        stream.has_request() ? record_of(stream, address.text()) : record_without_request(stream);
    // Not of a head that cannot be read: nobody is to be found by it.
    std::optional<http::Trace> trace;
    if (stream.has_request()) {
        trace = worker_.trace_of(stream.request());
        line.trace_id = trace->id();
        line.amzn_root = trace->amzn_root();
    }
    line.began = Clock::now();
    line.status = status_of(reason);
    line.reason = reason;
    worker_.access_log()->write(line);
}

net::task<> Connection::close_lingering() {
    if (!transport_.is_open() || is_lingering_) co_return;
    is_lingering_ = true;
    transport_.shut_down_writing();
    const TimePoint began = worker_.wheel().now();
    net::Buffer buffer = worker_.buffers().borrow(net::BufferPool::small);
    unsigned reads = 0;
    for (bool goes_on = true; goes_on;) {
        if (++reads % most_in_a_row == 0) {
            co_await worker_.reactor().next_turn();
        }
        const Duration time = worker_.is_draining() ? linger_time_when_draining : linger_time;
        const Duration left = began + time - worker_.wheel().now();
        deadline_.arm(std::clamp<Duration>(left, 1ms, linger_patience));
        const net::IoResult read = co_await transport_.read_some(buffer.space());
        goes_on = read.is_done() && left > Duration::zero();
    }
}

}  // namespace fairlead::session
