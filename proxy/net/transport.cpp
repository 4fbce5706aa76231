#include "proxy/net/transport.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <boost/asio/error.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

namespace fairlead::net {
namespace {

// A TLS record carries at most 16 KiB; small pieces are joined so that a head and its body are one.
constexpr std::size_t tls_join_size = 16 * 1024;

error_code last_system_error() { return {errno, boost::system::system_category()}; }

}  // namespace

task<error_code> Transport::handshake(const TlsContext& context) {
    tls_.emplace(context, socket_.native_handle());
    for (;;) {
        const auto wants = tls_->handshake();
        if (wants == TlsWants::nothing) co_return error_code{};
        if (wants == TlsWants::failed || wants == TlsWants::closed) co_return asio::error::connection_aborted;
        const error_code ec = co_await wait_for(wants);
        if (ec) co_return ec;
    }
}

task<IoResult> Transport::read_some(std::span<char> into) {
    if (tls_) return read_tls(into);
    return socket_.async_read_some(asio::mutable_buffer(into.data(), into.size()));
}

task<IoResult> Transport::read_tls(std::span<char> into) {
    for (;;) {
        if (!socket_.is_open()) co_return IoResult(asio::error::operation_aborted, 0);
        std::size_t n = 0;
        const auto wants = tls_->read(into.data(), into.size(), n);
        if (wants == TlsWants::nothing) co_return IoResult(error_code(), n);
        if (wants == TlsWants::closed) co_return IoResult(asio::error::eof, 0);
        if (wants == TlsWants::failed) co_return IoResult(asio::error::connection_reset, 0);
        const error_code ec = co_await wait_for(wants);
        if (ec) co_return IoResult(ec, 0);
    }
}

task<error_code> Transport::wait_for(TlsWants wants) {
    const auto what = wants == TlsWants::read ? stream_socket::wait_read : stream_socket::wait_write;
    auto [ec] = co_await socket_.async_wait(what);
    co_return ec;
}

Sent Transport::write(std::string_view head, std::span<const std::string_view> pieces) {
    assert(queue_at_ == queue_end_ && pieces.size() <= most_pieces);
    if (write_error_) return Sent::failed;
    queue_at_ = queue_end_ = 0;
    const bool has_head = !head.empty();
    if (has_head) queue_[queue_end_++] = head;
    for (const auto piece : pieces) {
        if (!piece.empty()) queue_[queue_end_++] = piece;
    }
    const auto sent = drain_queue();
    if (sent == Sent::pending && has_head && queue_at_ == 0) {
        // The head stands in a scratch buffer that the next message overwrites.
        kept_head_.assign(queue_[0]);
        queue_[0] = kept_head_;
    }
    return sent;
}

task<error_code> Transport::finish_writing() {
    for (;;) {
        if (write_error_) co_return write_error_;
        if (queue_at_ == queue_end_) co_return error_code{};
        const error_code ec = co_await wait_for(write_wants_);
        if (ec) {
            write_error_ = ec;
            co_return ec;
        }
        drain_queue();
    }
}

Sent Transport::drain_queue() {
    if (!socket_.is_open()) {
        write_error_ = asio::error::operation_aborted;
        return Sent::failed;
    }
    return tls_ ? drain_queue_tls() : drain_queue_plain();
}

Sent Transport::drain_queue_plain() {
    while (queue_at_ != queue_end_) {
        std::array<iovec, most_pieces + 1> vectors;
        std::size_t count = 0;
        for (auto i = queue_at_; i != queue_end_; ++i) {
            vectors[count++] = {const_cast<char*>(queue_[i].data()), queue_[i].size()};
        }
        msghdr message = {};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const auto n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return Sent::pending;
            write_error_ = last_system_error();
            return Sent::failed;
        }
        take_sent(static_cast<std::size_t>(n));
    }
    return Sent::all;
}

Sent Transport::drain_queue_tls() {
    std::array<char, tls_join_size> joined;
    while (queue_at_ != queue_end_) {
        std::string_view next = queue_[queue_at_];
        if (queue_at_ + 1 != queue_end_ && next.size() < joined.size()) {
            // Joined anew at each try: the same queue gives the same bytes, as SSL_write demands.
            std::size_t size = 0;
            for (auto i = queue_at_; i != queue_end_ && size < joined.size(); ++i) {
                const auto part = std::min(queue_[i].size(), joined.size() - size);
                std::memcpy(joined.data() + size, queue_[i].data(), part);
                size += part;
            }
            next = std::string_view(joined.data(), size);
        }
        std::size_t n = 0;
        const auto wants = tls_->write(next.data(), next.size(), n);
        if (wants == TlsWants::read || wants == TlsWants::write) {
            write_wants_ = wants;
            return Sent::pending;
        }
        if (wants != TlsWants::nothing) {
            write_error_ = asio::error::connection_reset;
            return Sent::failed;
        }
        take_sent(n);
    }
    return Sent::all;
}

void Transport::take_sent(std::size_t n) {
    bytes_sent_ += n;
    while (n > 0) {
        auto& piece = queue_[queue_at_];
        const auto part = std::min(n, piece.size());
        piece.remove_prefix(part);
        n -= part;
        if (piece.empty()) ++queue_at_;
    }
}

void Transport::cancel() {
    error_code ignored;
    socket_.cancel(ignored);
}

void Transport::close() {
    if (!socket_.is_open()) return;
    if (tls_) tls_->shut_down();
    error_code ignored;
    socket_.close(ignored);
}

void Transport::abort() {
    if (!socket_.is_open()) return;
    const linger reset = {1, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    error_code ignored;
    socket_.close(ignored);
}

void Transport::shut_down_writing() {
    if (tls_) {
        tls_->shut_down();
        return;
    }
    error_code ignored;
    socket_.shutdown(stream_socket::shutdown_send, ignored);
}

}  // namespace fairlead::net
