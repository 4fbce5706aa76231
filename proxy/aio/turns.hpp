// Coroutines that do something one after the other.
//
// Threads: the io_context's.
#pragma once

#include "proxy/aio/types.hpp"

#include <memory>
#include <utility>

namespace fairlead::aio {

class Turns {
    struct State {
        explicit State(const executor& on) : freed(on, timer::time_point::max()) {}

        timer freed;  // never expires; cancelled whenever a turn ends
        bool is_taken = false;
    };

public:
    /// A turn, while it lives.
    class Turn {
    public:
        explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
        ~Turn() {
            if (!state_) return;
            state_->is_taken = false;
            state_->freed.cancel();
        }
        Turn(Turn&&) = default;
        Turn& operator=(Turn&&) = delete;

    private:
        std::shared_ptr<State> state_;
    };

    explicit Turns(const executor& on) : state_(std::make_shared<State>(on)) {}

    /// May outlive the Turns, as may a turn.
    task<Turn> take() { return take(state_); }

private:
    static task<Turn> take(std::shared_ptr<State> state) {
        while (state->is_taken) co_await state->freed.async_wait();
        state->is_taken = true;
        co_return Turn(state);
    }

    std::shared_ptr<State> state_;
};

}  // namespace fairlead::aio
