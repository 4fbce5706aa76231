// The data path's coroutine: begins when it is awaited, and mostly ends without ever suspending.
//
// No executor, no event loop, no cancellation: a task waits only by awaiting a Watch or an Event
// (reactor.hpp, event.hpp), and whoever wants it to end early cancels that. The awaiting coroutine
// runs the task inside its own call; only where the task suspends does the awaiter suspend as well.
//
// Threads: one worker. Cost: a frame of FramePool and 110 to 150 instructions; no allocation once
// the pool holds frames of that size.
//
// g++ 12: no braces and no captures on a line with co_await.
#pragma once

#include "proxy/net/frame_pool.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace fairlead::net {

class Reactor;

template <class T = void>
class [[nodiscard]] task;

namespace detail {

template <class T>
struct Promise;

/// What spawn() says of a task that nobody awaits.
struct Spawned {
    void (*end)(Promise<void>&) noexcept = nullptr;  // frees it; null: somebody awaits it
    Reactor* reactor = nullptr;
    std::string_view name;
};

struct PromiseBase {
    std::coroutine_handle<> awaiting;  // null while the awaiter still runs, inside resume()
    std::exception_ptr error;

    struct End {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
            auto& promise = ended.promise();
            if (promise.awaiting) return promise.awaiting;
            promise.end_spawned();
            return std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    End final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
    void end_spawned() const noexcept {}

    static void* operator new(std::size_t size) { return FramePool::allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
        FramePool::release(frame, size);
    }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() {
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Spawned spawned;

    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void end_spawned() noexcept {
        if (spawned.end != nullptr) spawned.end(*this);
    }
    void take() const {
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit task(Handle handle) noexcept : handle_(handle) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }

    // Awaiting: run it as far as it goes.
    bool await_ready() const {
        handle_.resume();
        return handle_.done();
    }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle_.promise().awaiting = awaiting;
    }
    T await_resume() const { return handle_.promise().take(); }

    /// For spawn(): whoever takes it frees it.
    Handle release() noexcept { return std::exchange(handle_, {}); }

private:
    Handle handle_;
};

template <class T>
task<T> detail::Promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline task<void> detail::Promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace fairlead::net
