// Who is told when something waited for has happened: a suspended coroutine, or an object that
// needs none while it waits.
//
// Threads: one worker. Invariant: lives until it is woken, or was never begun.
#pragma once

#include <coroutine>

namespace fairlead::net {

class Waiter {
public:
    using Wake = void (*)(Waiter& self, bool ready);

    explicit Waiter(Wake function) noexcept : wake_(function) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// `ready`: it has happened. False: the wait was ended. The last thing done with it.
    void wake(bool ready) { wake_(*this, ready); }

protected:
    ~Waiter() = default;

private:
    friend class Reactor;

    const Wake wake_;
    Waiter* next_deferred_ = nullptr;
    bool deferred_result_ = false;
};

class CoroutineWaiter final : public Waiter {
public:
    CoroutineWaiter() noexcept : Waiter(&CoroutineWaiter::resume) {}

    void begin(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
    bool is_waiting() const noexcept { return static_cast<bool>(waiting_); }
    bool was_ready() const noexcept { return was_ready_; }

private:
    static void resume(Waiter& waiter, bool ready) {
        auto& self = static_cast<CoroutineWaiter&>(waiter);
        self.was_ready_ = ready;
        const auto waiting = self.waiting_;
        self.waiting_ = {};
        waiting.resume();
    }

    std::coroutine_handle<> waiting_;
    bool was_ready_ = false;
};

}  // namespace fairlead::net
