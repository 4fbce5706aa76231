// A deadline on the control thread: runs an action unless it is disarmed in time.
//
// Threads: the io_context's. One timer of Asio's each, which is fine for a few; the data path has
// net/deadline.hpp.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/clock.hpp"

#include <functional>
#include <utility>

namespace fairlead::aio {

class Alarm {
public:
    Alarm(const executor& on, std::function<void()> action)
        : timer_(on), action_(std::move(action)) {}

    /// Replaces what was armed before.
    void arm(Duration after) {
        expired_ = false;
        timer_.expires_after(after);
        timer_.async_wait([this](error_code ec) {
            if (ec) return;
            expired_ = true;
            action_();
        });
    }
    void disarm() { timer_.cancel(); }

    /// Whether the action has run since the last arm().
    bool expired() const noexcept { return expired_; }

private:
    timer timer_;
    std::function<void()> action_;
    bool expired_ = false;
};

}  // namespace fairlead::aio
