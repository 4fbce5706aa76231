// Something that happens once and that one coroutine may wait for.
//
// Threads: one worker.
#pragma once

#include "proxy/net/reactor.hpp"

#include <coroutine>

namespace fairlead::net {

class Event {
public:
    explicit Event(Reactor& reactor) noexcept : reactor_(reactor) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    bool is_set() const noexcept { return is_set_; }

    /// The waiting coroutine goes on later in this turn of the reactor, never inside the call.
    void set() {
        if (is_set_) return;
        is_set_ = true;
        if (waiter_.is_waiting()) reactor_.defer(waiter_, true);
    }

    /// Returns at once where it is already set.
    auto wait() noexcept {
        struct Awaiter {
            Event& event;

            bool await_ready() const noexcept { return event.is_set_; }
            void await_suspend(std::coroutine_handle<> waiting) const noexcept {
                event.waiter_.begin(waiting);
            }
            void await_resume() const noexcept {}
        };
        return Awaiter{*this};
    }

private:
    Reactor& reactor_;
    CoroutineWaiter waiter_;
    bool is_set_ = false;
};

}  // namespace fairlead::net
