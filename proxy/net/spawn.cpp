#include "proxy/net/spawn.hpp"

#include "proxy/base/coroutine_failures.hpp"

namespace fairlead::net {
namespace {

/// A coroutine that frees itself at its end.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // run() catches all

        static void* operator new(std::size_t size) { return FramePool::allocate(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            FramePool::release(frame, size);
        }
    };
};

Detached run(Reactor& reactor, std::string_view name, task<> coroutine) {
    const Reactor::Guest guest(reactor);
    try {
        co_await coroutine;
    } catch (...) {
        report_failed_coroutine(name, std::current_exception());
    }
}

}  // namespace

void spawn(Reactor& reactor, std::string_view name, task<> coroutine) {
    run(reactor, name, std::move(coroutine));
}

}  // namespace fairlead::net
