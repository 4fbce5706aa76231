// Sends the messages of one direction of an HTTP/1.1 connection: a head and its body's first piece
// in one system call, each later piece in one.
//
// Threads: one worker.
#pragma once

#include "proxy/base/text_buffer.hpp"
#include "proxy/http/message.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/transport.hpp"

namespace fairlead::http {

class Http1Output {
public:
    /// `scratch` is shared by all connections of the worker; it is never held across a suspension.
    explicit Http1Output(TextBuffer& scratch) noexcept : scratch_(scratch) {}

    /// Before anything is sent. `transport` outlives the use.
    void attach(net::Transport& transport) noexcept { transport_ = &transport; }

    /// The worker's scratch, empty: write a head into it, then call send_head.
    TextBuffer& scratch() noexcept {
        scratch_.clear();
        return scratch_;
    }

    /// Sends what scratch() holds and, framed as `framing`, `piece`; where that is the whole
    /// message and it `may_wait`, with the reactor's round.
    net::Sent send_head(const Framing& framing, const BodyPiece& piece, bool may_wait = false);
    /// Sends `piece` of the message that send_head began.
    net::Sent send_body(const BodyPiece& piece);

private:
    net::Sent send(const BodyPiece& piece, bool may_wait);

    // Up to this size a copy costs less than a second buffer in the system call: 0.1 us less at 1
    // to 10 KiB, nothing at 16.
    static constexpr std::size_t joined_body = net::BufferPool::small;
    // From this size on the head is moved instead, to where there is room in front of the body.
    static constexpr std::size_t unmoved_body = 4 * 1024;

    net::Transport* transport_ = nullptr;
    TextBuffer& scratch_;
    TextBuffer trailers_;  // encoded; kept until sent
    bool is_chunked_ = false;
};

}  // namespace fairlead::http
