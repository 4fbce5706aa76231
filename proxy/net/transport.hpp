// A byte stream to a client or an endpoint: a socket, with TLS on top or not. The one seam between
// plain and encrypted connections; everything above is written once.
//
// Reading suspends. Writing is tried at once, without a coroutine and without a trip through the
// event loop, because a socket nearly always takes what a small message needs; only what it did not
// take is waited for.
//
// Threads: one worker. One read and one write may be under way at the same time.
#pragma once

#include "proxy/base/text_buffer.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/io_result.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/tls.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace fairlead::net {

enum class Sent : std::uint8_t { all, pending, failed };

class Transport {
    auto wait_for(TlsWants wants) noexcept {
        // The kernel has just said EAGAIN in that direction.
        if (wants == TlsWants::write) {
            watch_.blocked();
            return watch_.writable();
        }
        watch_.exhausted();
        return watch_.readable();
    }

public:
    /// Takes a connected, non-blocking socket.
    Transport(Reactor& reactor, Descriptor socket, Watch::Starts starts);
    ~Transport() { drop(); }
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    int native_handle() const noexcept { return socket_.get(); }
    bool is_open() const noexcept { return static_cast<bool>(socket_); }

    /// Server side. Runs until done or failed; a deadline that closes the socket ends it.
    task<error_code> handshake(const TlsContext& context);
    /// Client side: `name` is sent, and verified where the context says so.
    /// `ticket` is used before this first waits.
    task<error_code> handshake(std::shared_ptr<const TlsClientContext> context,
                               const std::string& name, const TlsTicket& ticket);
    /// The newest ticket the endpoint gave, if any; else `to` stays as it is.
    void take_ticket(TlsTicket& to) noexcept {
        if (tls_) tls_->take_ticket(to);
    }

    /// What is there now. Costs no system call where the kernel has announced nothing since the
    /// last short read.
    IoResult try_read(std::span<char> into);
    /// To be awaited after try_read gave `blocked`: until it may give something.
    /// False: cancelled.
    auto wait_readable() noexcept { return tls_ ? wait_for(read_wants_) : watch_.readable(); }
    /// Waits for at least one byte, the end or an error.
    task<IoResult> read_some(std::span<char> into);

    /// What is there now, left where it is. Before TLS begins.
    IoResult try_peek(std::span<char> into);
    /// Takes `n` bytes that try_peek has shown.
    void skip(std::size_t n);
    /// To be awaited after try_peek has shown too little. False: cancelled.
    auto wait_for_more() noexcept { return wait_for(TlsWants::read); }

    /// Whether try_read could give something without waiting.
    bool may_have_input() const noexcept {
        return watch_.is_readable() || (tls_ && tls_->has_buffered_input());
    }
    /// To be called before waiting for input with no bytes kept from before: what comes may be read
    /// ahead. Then take_ahead() has it.
    void expect_message() noexcept {
        if (!tls_) watch_.allow_reading_ahead();
    }
    bool has_ahead() const noexcept { return watch_.has_ahead(); }
    /// What was read ahead. Only where something was.
    Buffer take_ahead() noexcept { return watch_.take_ahead(); }
    /// Wakes `waiter` once there may be input, without a coroutine. To be called after `blocked`,
    /// or without may_have_input(). False, and no wake-up: read it now.
    bool wake_when_readable(Waiter& waiter) noexcept;
    /// Takes that back: it is not woken, even if that was already decided.
    void withdraw_reader(Waiter& waiter) noexcept { watch_.withdraw_reader(waiter); }
    /// Wakes `waiter` once something comes that nobody has read, or the peer goes, although nobody
    /// is reading. False, and no wake-up: so it is already. Ends with ignore_arrival().
    bool wake_on_arrival(Waiter& waiter) noexcept;
    void ignore_arrival(Waiter& waiter) noexcept;
    /// The peer has closed, or the connection broke, as the kernel's last events said.
    bool has_hung_up() const noexcept { return watch_.has_hung_up(); }
    /// Whether the peer has reset the connection. A system call.
    bool is_broken() const noexcept;

    /// Sends `pieces` in order as far as the socket takes them at once. What it did not take is
    /// kept by reference, but for `head`, which is copied: pieces stay valid until finish_writing
    /// is done. pending: call finish_writing before writing anything else. failed: write_error()
    /// says why.
    static constexpr std::size_t most_pieces = 4;
    Sent write(std::string_view head, std::span<const std::string_view> pieces);
    /// The same for a whole message that nothing is to follow at once: takes the content of
    /// `message`, and may send it only at the end of the reactor's round. `all` then means that
    /// nobody needs to wait: what the socket does not take it gets later, and where that fails, the
    /// next read and the next write do.
    Sent write_with_round(TextBuffer& message);
    /// Some of such a message waits for the socket: finish_writing() waits with it.
    bool is_behind() const noexcept { return rest_ != nullptr; }

    /// What is written next is the last: nothing follows it but close() or shut_down_writing(),
    /// which is to come at once. Until then the end of it may be held back, so that it goes out in
    /// one segment with the FIN.
    void end_with_next_write() noexcept { send_flags_ |= MSG_MORE; }

    /// Waits until everything is sent. Returns the error that write() met, if it failed.
    task<error_code> finish_writing();

    /// Why TLS failed, if it did.
    error_code tls_error() const noexcept { return tls_ ? tls_->error() : error_code(); }
    TlsFacts tls_facts() const noexcept { return tls_ ? tls_->facts() : TlsFacts(); }

    error_code write_error() const noexcept { return write_error_; }

    /// Bytes of application data sent since construction, and of messages for the round those that
    /// are still to be sent.
    std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
    /// How many of them the peer's kernel has acknowledged, or a little less. One system call.
    std::uint64_t bytes_taken() const noexcept;

    /// Ends waiting operations with an error; the connection stays usable for the other side.
    void cancel();
    /// close_notify where there is TLS, then FIN. Pending operations end with an error.
    void close();
    /// RST: the peer must not take what it got for complete.
    void abort();
    /// FIN, and we go on reading. Not with TLS, where close_notify stands for it.
    void shut_down_writing();

private:
    friend class Outbox;
    struct Rest;

    void send_held(std::string_view message);
    /// Sends what the socket takes; returns how much. An error is in write_error_.
    std::size_t send_some(std::string_view bytes);
    /// The same where no writer learns of an error: the reader does.
    std::size_t send_unasked(std::string_view bytes);
    Sent write_behind(std::string_view head, std::span<const std::string_view> pieces);
    std::string take_rest();
    task<error_code> shake_hands();
    IoResult try_read_tls(std::span<char> into);
    /// Sends from queue_ until empty or blocked.
    Sent drain_queue();
    Sent drain_queue_plain();
    Sent write_failed();
    Sent drain_queue_tls();
    void take_sent(std::size_t n);

    void drop();

    Descriptor socket_;
    Watch watch_;
    std::optional<TlsSession> tls_;
    TlsWants read_wants_ = TlsWants::read;
    std::array<std::string_view, most_pieces + 1> queue_;
    std::size_t queue_at_ = 0;
    std::size_t queue_end_ = 0;
    std::string kept_head_;
    Rest* rest_ = nullptr;
    std::size_t held_ = 0;  // bytes in the outbox
    TlsWants write_wants_ = TlsWants::write;
    error_code write_error_;
    int send_flags_ = MSG_NOSIGNAL;
    std::uint64_t bytes_sent_ = 0;
};

}  // namespace fairlead::net
