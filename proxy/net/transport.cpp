#include "proxy/net/transport.hpp"

#include "proxy/net/socket.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace fairlead::net {
namespace {

// A TLS record carries at most 16 KiB; small pieces are joined so that a head and its body are one.
constexpr std::size_t tls_join_size = 16 * 1024;

}  // namespace

Transport::Transport(Reactor& reactor, Descriptor socket, Watch::Starts starts)
    : socket_(std::move(socket)) {
    watch_.begin(reactor, socket_.get(), starts);
}

task<error_code> Transport::handshake(const TlsContext& context) {
    if (!is_open()) co_return error_code(ECONNABORTED, boost::system::system_category());
    tls_.emplace(context, socket_.get());
    co_return co_await shake_hands();
}

task<error_code> Transport::handshake(std::shared_ptr<const TlsClientContext> context,
                                      const std::string& name, const TlsTicket& ticket) {
    if (!is_open()) co_return error_code(ECONNABORTED, boost::system::system_category());
    tls_.emplace(std::move(context), name, ticket, socket_.get());
    co_return co_await shake_hands();
}

task<error_code> Transport::shake_hands() {
    for (;;) {
        const auto wants = tls_->handshake();
        if (wants == TlsWants::nothing) co_return error_code();
        if (wants == TlsWants::failed) co_return tls_->error();
        const bool ready = co_await wait_for(wants);
        if (!ready || !is_open()) co_return cancelled_error();
    }
}

IoResult Transport::try_read(std::span<char> into) {
    if (!is_open()) return IoResult::of(IoResult::Status::cancelled);
    if (tls_) return try_read_tls(into);
    if (watch_.has_ahead()) return IoResult::done(watch_.take_ahead(into));
    while (watch_.is_readable()) {
        const auto n = receive(socket_.get(), into);
        if (n > 0) {
            const auto size = static_cast<std::size_t>(n);
            if (size < into.size()) watch_.drained();
            return IoResult::done(size);
        }
        // A write may have been told of a reset, which the kernel tells once.
        if (n == 0 && write_error_.value() == ECONNRESET) return IoResult::failed(ECONNRESET);
        if (n == 0) return IoResult::of(IoResult::Status::ended);
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return IoResult::failed(errno);
        watch_.exhausted();
    }
    return IoResult::of(IoResult::Status::blocked);
}

IoResult Transport::try_read_tls(std::span<char> into) {
    std::size_t n = 0;
    const auto wants = tls_->read(into.data(), into.size(), n);
    switch (wants) {
        case TlsWants::nothing:
            return IoResult::done(n);
        case TlsWants::closed:
            return IoResult::of(IoResult::Status::ended);
        case TlsWants::failed:
            return IoResult::failed(ECONNRESET);
        case TlsWants::read:
        case TlsWants::write:
            break;
    }
    read_wants_ = wants;
    return IoResult::of(IoResult::Status::blocked);
}

IoResult Transport::try_peek(std::span<char> into) {
    if (!is_open()) return IoResult::of(IoResult::Status::cancelled);
    for (;;) {
        const auto n = ::recv(socket_.get(), into.data(), into.size(), MSG_PEEK);
        if (n > 0) return IoResult::done(static_cast<std::size_t>(n));
        if (n == 0) return IoResult::of(IoResult::Status::ended);
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return IoResult::failed(errno);
        return IoResult::of(IoResult::Status::blocked);
    }
}

void Transport::skip(std::size_t n) {
    std::array<char, 512> taken;
    while (n > 0) {
        const auto size = ::recv(socket_.get(), taken.data(), std::min(n, taken.size()), 0);
        if (size <= 0) return;  // whoever reads next learns why
        n -= static_cast<std::size_t>(size);
    }
}

task<IoResult> Transport::read_some(std::span<char> into) {
    for (;;) {
        const IoResult result = try_read(into);
        if (!result.is_blocked()) co_return result;
        const bool ready = co_await wait_readable();
        if (!ready) co_return IoResult::of(IoResult::Status::cancelled);
    }
}

bool Transport::wake_when_readable(Waiter& waiter) noexcept {
    if (!is_open()) return false;
    if (tls_) watch_.exhausted();  // OpenSSL has read until EAGAIN
    return watch_.wake_when_readable(waiter);
}

bool Transport::wake_on_arrival(Waiter& waiter) noexcept {
    if (has_hung_up() || !is_open()) return false;
    if (tls_ ? tls_->has_buffered_input() : watch_.has_ahead()) return false;
    if (!tls_ && watch_.is_readable()) {
        // A read that took all it had room for has left open whether there is more.
        char next = 0;
        if (try_peek({&next, 1}).is_done()) return false;
    }
    // With TLS nobody knows whether the kernel has more: the wait tells what comes from now on. An
    // end that is here already it tells at once.
    watch_.exhausted();
    return watch_.wake_when_readable(waiter);
}

void Transport::ignore_arrival(Waiter& waiter) noexcept {
    watch_.withdraw_reader(waiter);
    if (tls_) watch_.unexhausted();
}

bool Transport::is_broken() const noexcept {
    // Not by recv: once the peer has ended its side, that tells of nothing else.
    pollfd state = {socket_.get(), 0, 0};
    return ::poll(&state, 1, 0) > 0;
}

Sent Transport::write(std::string_view head, std::span<const std::string_view> pieces) {
    if (write_error_) return Sent::failed;  // what it was met with is still queued
    assert(queue_at_ == queue_end_ && pieces.size() <= most_pieces);
    if (held_ > 0 || rest_ != nullptr) return write_behind(head, pieces);
    if (pieces.empty() && !tls_ && is_open()) {
        // Most messages: one piece, and the socket takes it whole.
        head.remove_prefix(send_some(head));
        if (head.empty()) return Sent::all;
        // Asked a second time, the socket would say EPIPE, whatever had happened to it.
        if (write_error_) return Sent::failed;
    }
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

Sent Transport::write_with_round(TextBuffer& message) {
    auto& outbox = watch_.reactor().outbox();
    // Who is known to be gone, or could be without our knowing, is told at once.
    const bool may_hold = outbox.is_open() && !tls_ && rest_ == nullptr && !write_error_ &&
                          watch_.is_registered() && !watch_.has_hung_up();
    if (!may_hold) return write(message.text(), {});
    held_ += message.size();
    bytes_sent_ += message.size();
    outbox.hold(*this, message);
    return Sent::all;
}

/// What the socket did not take of a held message. Nobody waits for it: it sends itself. Once the
/// reactor knows it, it lives until the reactor wakes it, and may outlive its transport.
struct Transport::Rest final : Waiter {
    Rest(Transport& of, std::string_view unsent)
        : Waiter(&Rest::wake), transport(&of), bytes(unsent) {
        wait();
    }

    void wait() {
        transport->watch_.blocked();
        transport->watch_.wake_when_writable(*this);
    }
    static void wake(Waiter& waiter, bool ready);

    Transport* transport;  // null: taken back, or gone
    std::string bytes;
};

void Transport::Rest::wake(Waiter& waiter, bool ready) {
    auto& rest = static_cast<Rest&>(waiter);
    if (rest.transport != nullptr) {
        auto& to = *rest.transport;
        const auto sent = ready ? to.send_unasked(rest.bytes) : 0;
        to.bytes_sent_ -= sent;  // they were counted when they were given
        rest.bytes.erase(0, sent);
        if (!ready) to.write_error_ = cancelled_error();
        if (!rest.bytes.empty() && !to.write_error_) {
            rest.wait();
            return;
        }
        to.rest_ = nullptr;
    }
    delete &rest;
}

void Transport::send_held(std::string_view message) {
    held_ -= message.size();
    if (rest_ != nullptr) {
        rest_->bytes += message;
        return;
    }
    if (write_error_) return;
    const auto sent = send_unasked(message);
    bytes_sent_ -= sent;  // they were counted when they were given
    message.remove_prefix(sent);
    if (!message.empty() && !write_error_) rest_ = new Rest(*this, message);
}

std::size_t Transport::send_some(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto n = send(socket_.get(), bytes.substr(sent), send_flags_);
        if (n >= 0) {
            sent += static_cast<std::size_t>(n);
            continue;
        }
        if (errno == EINTR) continue;
        write_failed();
        break;
    }
    bytes_sent_ += sent;
    return sent;
}

std::size_t Transport::send_unasked(std::string_view bytes) {
    const auto sent = send_some(bytes);
    if (write_error_) watch_.break_off();
    return sent;
}

Sent Transport::write_behind(std::string_view head, std::span<const std::string_view> pieces) {
    watch_.reactor().outbox().send_all();
    if (rest_ == nullptr) return write(head, pieces);
    const auto all = take_rest().append(head);
    return write(all, pieces);
}

std::string Transport::take_rest() {
    auto bytes = std::move(rest_->bytes);
    bytes_sent_ -= bytes.size();  // they are given anew
    rest_->transport = nullptr;
    rest_ = nullptr;
    watch_.cancel_writer();
    return bytes;
}

task<error_code> Transport::finish_writing() {
    if (rest_ != nullptr) {
        kept_head_ = take_rest();
        queue_ = {kept_head_};
        queue_at_ = 0;
        queue_end_ = 1;
        // The event that told of room may be over.
        drain_queue();
    }
    for (;;) {
        if (write_error_) co_return write_error_;
        if (queue_at_ == queue_end_) {
            std::string().swap(kept_head_);  // a connection that goes idle holds nothing
            co_return error_code{};
        }
        const bool ready = co_await wait_for(write_wants_);
        if (!ready) {
            write_error_ = cancelled_error();
            co_return write_error_;
        }
        drain_queue();
    }
}

std::uint64_t Transport::bytes_taken() const noexcept {
    int waiting = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &waiting) != 0 || waiting < 0) return 0;
    // With TLS more bytes are under way than we were given.
    const auto kept = held_ + (rest_ == nullptr ? 0 : rest_->bytes.size());
    return bytes_sent_ - std::min(bytes_sent_, static_cast<std::uint64_t>(waiting) + kept);
}

Sent Transport::drain_queue() {
    if (!is_open()) {
        write_error_ = cancelled_error();
        return Sent::failed;
    }
    return tls_ ? drain_queue_tls() : drain_queue_plain();
}

Sent Transport::drain_queue_plain() {
    while (queue_at_ != queue_end_) {
        if (queue_at_ + 1 == queue_end_) {
            auto& last = queue_[queue_at_];
            last.remove_prefix(send_some(last));
            if (!last.empty()) return write_error_ ? Sent::failed : Sent::pending;
            ++queue_at_;
            break;
        }
        std::array<iovec, most_pieces + 1> vectors;
        std::size_t count = 0;
        for (auto i = queue_at_; i != queue_end_; ++i) {
            vectors[count++] = {const_cast<char*>(queue_[i].data()), queue_[i].size()};
        }
        msghdr message = {};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const auto n = ::sendmsg(socket_.get(), &message, send_flags_);
        if (n < 0) {
            if (errno == EINTR) continue;
            return write_failed();
        }
        take_sent(static_cast<std::size_t>(n));
    }
    return Sent::all;
}

Sent Transport::write_failed() {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Sent::pending;
    write_error_ = last_system_error();
    return Sent::failed;
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
            write_error_ = error_code(ECONNRESET, boost::system::system_category());
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
    watch_.cancel();
}

void Transport::drop() {
    if (held_ > 0) watch_.reactor().outbox().send_all();
    if (rest_ != nullptr) take_rest();
    watch_.end();
    socket_.close();
}

void Transport::close() {
    if (!is_open()) return;
    if (tls_) tls_->shut_down();
    drop();
}

void Transport::abort() {
    if (!is_open()) return;
    const linger reset = {1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    drop();
}

void Transport::shut_down_writing() {
    if (!is_open()) return;
    if (held_ > 0) watch_.reactor().outbox().send_all();
    if (tls_) {
        tls_->shut_down();
    } else {
        ::shutdown(socket_.get(), SHUT_WR);
    }
}

}  // namespace fairlead::net
