// Sends the messages of one direction of an HTTP/1.1 connection: a head and its body's first piece
// in one system call, each later piece in one.
//
// Threads: one worker.
#pragma once

#include "proxy/http/message.hpp"
#include "proxy/net/transport.hpp"

#include <string>

namespace fairlead::http {

class Http1Output {
public:
    /// `scratch` is shared by all connections of the worker; it is never held across a suspension.
    Http1Output(net::Transport& transport, std::string& scratch) noexcept
        : transport_(transport), scratch_(scratch) {}

    /// The worker's scratch, empty: write a head into it, then call send_head.
    std::string& scratch() noexcept {
        scratch_.clear();
        return scratch_;
    }

    /// Sends what scratch() holds and, framed as `framing`, `piece`.
    net::Sent send_head(const Framing& framing, const BodyPiece& piece);
    /// Sends `piece` of the message that send_head began.
    net::Sent send_body(const BodyPiece& piece);

private:
    net::Sent send(const BodyPiece& piece);

    net::Transport& transport_;
    std::string& scratch_;
    std::string trailers_;  // encoded; kept until sent
    bool is_chunked_ = false;
};

}  // namespace fairlead::http
