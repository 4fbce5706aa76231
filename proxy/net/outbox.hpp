// The small messages that a round of events makes, sent together at its end, so that the processor
// goes through the kernel's sending for one after the other while its caches have it (ADR 0021).
//
// Threads: one worker.
#pragma once

#include "proxy/base/text_buffer.hpp"

#include <cstddef>
#include <vector>

namespace fairlead::net {

class Transport;

class Outbox {
public:
    Outbox() : letters_(most) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Until close(), messages are held.
    void open() noexcept { is_open_ = true; }
    bool is_open() const noexcept { return is_open_; }

    /// Only while open. Takes the content of `message` and leaves an empty one with room for
    /// another. `from` lives until it is sent.
    void hold(Transport& from, TextBuffer& message);
    /// Sends what is held, in its order. Wakes nobody before the end of the turn.
    void send_all();
    void close() {
        send_all();
        is_open_ = false;
    }

private:
    static constexpr std::size_t most = 32;

    struct Letter {
        Transport* from = nullptr;
        TextBuffer message;
    };

    std::vector<Letter> letters_;  // beyond count_: room for more
    std::size_t count_ = 0;
    bool is_open_ = false;
};

}  // namespace fairlead::net
