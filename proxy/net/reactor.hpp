// A worker's event loop: readiness of its sockets, deadlines, and work posted by other threads.
//
// One epoll set, edge-triggered: a descriptor is registered once, and what the kernel said is
// remembered, so after a short read nobody tries again before the next event. A batch of events
// costs one epoll_wait and one coarse clock read, and that is all that the loop costs.
//
// A batch is handled in rounds of a few events. A round reads what its waiters are known to want,
// wakes the waiters of accepted connections, then all others, and sends what they held for its end
// (Outbox): the same code runs several times in a row, while the processor's caches have it
// (ADR 0021).
//
// Threads: one worker; post() any.
#pragma once

#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/outbox.hpp"
#include "proxy/net/waiter.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <sys/epoll.h>
#include <utility>
#include <vector>

namespace fairlead::net {

class Reactor;

/// One registered descriptor: what is known of its readiness, and who waits for it.
///
/// One waiter may wait for reading while another waits for writing. It is woken by the event
/// itself; ended waits (cancel, end) are woken later in the turn, never inside the call.
class Watch {
public:
    Watch() = default;
    ~Watch() { end(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    enum class Starts : std::uint8_t {
        accepted,    // with bytes in it, most likely: reading is tried
        connected,   // nothing to read before something was sent
        connecting,  // writable when the connect is over
    };

    /// `fd` stays open until end(). The kernel is told at the first wait: a connection that is
    /// never waited for is never registered.
    void begin(Reactor& reactor, int fd, Starts starts) noexcept;
    /// Call it just before closing the descriptor: closing makes the kernel forget it. Waits end
    /// with false.
    void end();
    /// As end(), for a descriptor that stays open, here or as a duplicate.
    void forget();
    /// Waits end with false; the watch goes on.
    void cancel();

    bool is_readable() const noexcept { return readable_; }
    /// The peer has closed its side, or the connection broke: as the last events said.
    bool has_hung_up() const noexcept { return hung_up_; }
    /// A read took less than it could: nothing is there until the next event. Not where the peer
    /// has closed, because its end of stream makes no further event.
    void drained() noexcept { readable_ = hung_up_; }
    /// A read found nothing.
    void exhausted() noexcept { readable_ = false; }
    /// Something may be there after all: reading is tried.
    void unexhausted() noexcept { readable_ = true; }
    /// A write found no room.
    void blocked() noexcept { writable_ = false; }
    /// A write failed: the peer is gone. Whoever waits to read is woken, to see what is left.
    void break_off() noexcept;
    /// The kernel reports it: has_hung_up() is true as soon as the peer has gone.
    bool is_registered() const noexcept { return is_registered_; }

    /// The reader of the next wait takes whole buffers of a byte stream: when it is woken by
    /// bytes, the reactor may have read some of them (has_ahead).
    void allow_reading_ahead() noexcept { reads_ahead_ = true; }
    bool has_ahead() const noexcept { return static_cast<bool>(ahead_); }
    /// What was read ahead: comes before anything that is still in the kernel.
    Buffer take_ahead() noexcept;
    /// The same for a reader that has a buffer. Returns the size.
    std::size_t take_ahead(std::span<char> into) noexcept;

    /// To be awaited. False: cancelled, or the kernel refused (out of memory or watches). True at
    /// once where the kernel has already said so.
    auto readable() noexcept;
    auto writable() noexcept;

    /// The same without a coroutine: wakes `waiter` once. False, and no wake-up: it is readable
    /// already.
    bool wake_when_readable(Waiter& waiter) noexcept;
    bool wake_when_writable(Waiter& waiter) noexcept;
    /// Takes that wait back: `waiter` is not woken, even if that was already decided.
    void withdraw_reader(Waiter& waiter) noexcept {
        if (reader_ == &waiter) reader_ = nullptr;
        waiter.withdraw();
    }
    /// The wait for writing ends with false; that for reading goes on.
    void cancel_writer() { end_wait(writer_); }

    Reactor& reactor() noexcept { return *reactor_; }

private:
    friend class Reactor;

    class Wait;

    void begin_wait(Waiter*& place, Waiter& waiter) noexcept;
    void end_wait(Waiter*& waiter);
    /// What events say of it; handle() also wakes who waits.
    void note(std::uint32_t events) noexcept;
    void handle(std::uint32_t events);
    /// Tells the kernel what is waited for, where it does not know yet. Room for writing is asked
    /// about only once there was none: a Unix socket would report every read of its peer.
    bool registered(bool for_writing) noexcept;

    Reactor* reactor_ = nullptr;
    Waiter* reader_ = nullptr;
    Waiter* writer_ = nullptr;
    Watch* next_ = nullptr;
    Watch** link_ = nullptr;
    Buffer ahead_;
    int fd_ = -1;
    bool is_accepted_ = false;
    bool reads_ahead_ = false;
    bool ahead_is_all_ = false;  // of what there was
    bool readable_ = false;
    bool writable_ = false;
    bool hung_up_ = false;
    bool is_registered_ = false;
    bool asks_for_room_ = false;
};

class Reactor {
public:
    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// Until stop() was called and everything that waited has ended.
    void run();
    /// One turn: waits for events until `at_most` from now, and handles what there is.
    void turn(Duration at_most);
    /// Ends all waits, now and from now on, so that every coroutine comes to its end.
    void stop();
    bool is_stopped() const noexcept { return stopped_; }

    /// Runs `work` on the worker, soon. Any thread.
    void post(std::function<void()> work);

    /// To be awaited: goes on once everybody who is ready now has had their turn. Costs two system
    /// calls.
    auto next_turn() noexcept;

    /// Wakes `waiter` later in this turn.
    void defer(Waiter& waiter, bool ready) noexcept;

    DeadlineWheel& wheel() noexcept { return wheel_; }
    BufferPool& buffers() noexcept { return buffers_; }
    Outbox& outbox() noexcept { return outbox_; }

    /// For spawn(): run() goes on until as many have left as came.
    void guest_came() noexcept { ++guests_; }
    void guest_left() noexcept { --guests_; }

private:
    friend class Watch;

    static constexpr std::size_t batch = 256;
    // Of events. From 8 to 64 they measure alike; fewer wait less for each other.
    static constexpr std::size_t round = 16;

    int milliseconds_to_wait(Duration at_most) const noexcept;
    void handle_events(int count);
    void read_ahead(std::size_t begin, std::size_t end);
    void wake_waiters(std::size_t begin, std::size_t end, bool only_accepted);
    void run_deferred();
    void run_posted();
    void remove(Watch& watch) noexcept;

    Descriptor epoll_;
    Descriptor wake_up_;  // an eventfd: work was posted
    DeadlineWheel wheel_;
    BufferPool buffers_;
    Outbox outbox_;
    std::array<epoll_event, batch> events_;
    std::size_t next_event_ = 0;
    std::size_t event_count_ = 0;
    Watch* watches_ = nullptr;
    DeferredList deferred_;
    std::size_t guests_ = 0;  // spawned coroutines that have not ended
    bool stopped_ = false;

    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // under mutex_
};

/// What readable() and writable() give to co_await.
class Watch::Wait {
public:
    Wait(Watch& watch, Waiter*& place, bool is_ready) noexcept
        : watch_(watch), place_(place), is_ready_(is_ready) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    bool await_ready() const noexcept { return is_ready_ || watch_.reactor_ == nullptr; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
        waiter_.begin(waiting);
        watch_.begin_wait(place_, waiter_);
    }
    bool await_resume() const noexcept { return is_ready_ || waiter_.was_ready(); }

private:
    Watch& watch_;
    Waiter*& place_;
    CoroutineWaiter waiter_;
    const bool is_ready_;
};

inline auto Watch::readable() noexcept {
    return Wait(*this, reader_, readable_);
}

inline auto Watch::writable() noexcept {
    return Wait(*this, writer_, writable_);
}

inline auto Reactor::next_turn() noexcept {
    struct NextTurn {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiting) const {
            reactor.post([waiting] { waiting.resume(); });
        }
        void await_resume() const noexcept {}

        Reactor& reactor;
    };
    return NextTurn{*this};
}

}  // namespace fairlead::net
