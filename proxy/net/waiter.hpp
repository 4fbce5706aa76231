// Who is told when something waited for has happened: a suspended coroutine, or an object that
// needs none while it waits.
//
// Threads: one worker. Invariant: lives until it is woken, or was never begun, or has been taken
// back.
#pragma once

#include <coroutine>

namespace fairlead::net {

/// A place in a reactor's list of those that are woken later in its turn. Who goes leaves it.
class DeferredPlace {
public:
    DeferredPlace(const DeferredPlace&) = delete;
    DeferredPlace& operator=(const DeferredPlace&) = delete;

protected:
    DeferredPlace() = default;
    ~DeferredPlace() { leave(); }

    void leave() noexcept {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

private:
    friend class DeferredList;

    DeferredPlace* next_ = nullptr;
    DeferredPlace* previous_ = nullptr;
};

/// A ring through itself.
class DeferredList final : public DeferredPlace {
public:
    DeferredList() noexcept { next_ = previous_ = this; }

    bool empty() const noexcept { return next_ == this; }
    DeferredPlace& first() noexcept { return *next_; }
    /// It stands nowhere yet.
    void append(DeferredPlace& place) noexcept {
        place.next_ = this;
        place.previous_ = previous_;
        previous_->next_ = &place;
        previous_ = &place;
    }
};

class Waiter : public DeferredPlace {
public:
    using Wake = void (*)(Waiter& self, bool ready);

    explicit Waiter(Wake function) noexcept : wake_(function) {}

    /// `ready`: it has happened. False: the wait was ended. The last thing done with it.
    void wake(bool ready) { wake_(*this, ready); }
    /// Takes back a wake-up that was to come later in this turn.
    void withdraw() noexcept { leave(); }

protected:
    ~Waiter() = default;

private:
    friend class Reactor;

    const Wake wake_;
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
