// A deadline on the control thread: runs an action unless it is disarmed in time.
//
// Threads: the io_context's. One timer of Asio's each, which is fine for a few; the data path has
// net/deadline.hpp.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/clock.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace fairlead::aio {

class Alarm {
public:
    Alarm(const executor& on, std::function<void()> action)
        : timer_(on), state_(std::make_shared<State>(State{std::move(action)})) {}
    ~Alarm() { ++state_->turn; }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// Replaces what was armed before.
    void arm(Duration after) {
        state_->expired = false;
        timer_.expires_after(after);
        // An expiry may be on its way already when the timer is cancelled: hence the turn, and a
        // state that outlives us.
        timer_.async_wait([state = state_, turn = ++state_->turn](error_code ec) {
            if (ec || turn != state->turn) return;
            state->expired = true;
            state->action();
        });
    }
    void disarm() {
        ++state_->turn;
        timer_.cancel();
    }

    /// Whether the action has run since the last arm().
    bool expired() const noexcept { return state_->expired; }

private:
    struct State {
        std::function<void()> action;
        std::uint64_t turn = 0;
        bool expired = false;
    };

    timer timer_;
    std::shared_ptr<State> state_;
};

}  // namespace fairlead::aio
