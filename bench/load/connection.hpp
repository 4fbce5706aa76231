// One connection of the load: sends the request, reads the answer, tells how it went.
//
// Threads: one.
// Invariant: free() exactly when no request is on its way; only then may start() be called.
#pragma once

#include "bench/common/http_text.hpp"
#include "bench/common/socket.hpp"
#include "bench/load/statistics.hpp"
#include "bench/load/target.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

class LoadConnection {
public:
    using Clock = std::chrono::steady_clock;

    LoadConnection(const Target& target, Statistics& statistics, int epoll)
        : target_(target), statistics_(statistics), epoll_(epoll) {}

    bool free() const noexcept { return !busy_; }
    Clock::time_point due() const noexcept { return due_; }

    /// Sends a request that was due at `due`, over a new connection when there is none.
    void start(Clock::time_point due);
    void on_events(std::uint32_t events);
    /// Gives the request in flight up.
    void fail(LoadError error);

private:
    bool connect();
    void send();
    void receive();
    bool take(std::string_view bytes);  // false: the request is over
    bool take_head(std::string_view& bytes);
    void ended_by_peer();
    void complete();

    const Target& target_;
    Statistics& statistics_;
    int epoll_;
    Fd socket_;
    bool busy_ = false;
    bool connected_ = false;
    bool keep_alive_ = true;
    Clock::time_point due_{};
    std::size_t sent_ = 0;
    std::string pending_;  // received, and too little to understand
    bool in_body_ = false;
    unsigned status_ = 0;
    BodyDecoder body_ = BodyDecoder::none();
};

}  // namespace fairlead::bench
