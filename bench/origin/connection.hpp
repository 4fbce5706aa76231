// One client connection of the origin: reads requests, answers them in order.
//
// Threads: one; the server calls it when its descriptor or its timer is ready.
// Invariant: after each call, wanted_events(), timer() and dead() say what it waits for.
#pragma once

#include "bench/common/http_text.hpp"
#include "bench/common/socket.hpp"
#include "bench/origin/answers.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::bench {

struct OriginFacts {
    std::string name = "origin";
    bool stopping = false;       // every further answer is the last of its connection
    std::uint64_t requests = 0;  // answered
};

class Connection {
public:
    using Clock = std::chrono::steady_clock;

    Connection(Fd socket, OriginFacts& facts) : socket_(std::move(socket)), facts_(facts) {}

    void on_readable();
    void on_writable() { advance(); }
    void on_timer();

    int descriptor() const noexcept { return socket_.get(); }
    bool dead() const noexcept { return phase_ == Phase::dead; }
    /// Nothing of a request has arrived and nothing is left to send.
    bool idle() const noexcept { return phase_ == Phase::head && in_.empty() && out_.empty(); }
    std::uint32_t wanted_events() const noexcept;
    /// When on_timer() is due.
    std::optional<Clock::time_point> timer() const noexcept { return timer_; }

private:
    enum class Phase : std::uint8_t { head, body, delay, answer, tunnel, lingering, dead };

    void advance();
    bool step();  // false: nothing more can be done now
    bool read_head();
    bool read_body();
    bool send_answer();
    bool relay_tunnel();
    void begin_answer();
    void append_generated();
    void end_answer();
    bool flush();  // false: the socket takes no more

    Fd socket_;
    OriginFacts& facts_;
    Phase phase_ = Phase::head;
    std::string in_;
    std::string out_;
    std::size_t sent_ = 0;  // of out_
    Answer answer_;
    BodyDecoder body_ = BodyDecoder::none();
    std::uint64_t echoed_length_ = 0;  // of an echo that is not chunked
    std::uint64_t generated_ = 0;
    bool last_chunk_due_ = false;
    bool keep_alive_ = true;
    bool no_body_ = false;     // HEAD, 204, 304
    bool peer_ended_ = false;  // the client has sent its last byte
    std::optional<Clock::time_point> timer_;
};

}  // namespace fairlead::bench
