// Readiness of the data path's sockets: an epoll set of our own, inside the io_context's.
//
// Asio 1.26 tries a recv at each read before it waits, and on a connection that has just been
// answered that recv fails every time: two failing system calls a request. Here a descriptor is
// registered once, edge-triggered, and what the kernel said is remembered: after a short read
// nobody tries again before the next event. A batch of events costs three shared system calls.
//
// Threads: one worker.
#pragma once

#include "proxy/net/types.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <sys/epoll.h>

namespace fairlead::net {

class Reactor;

/// One registered descriptor: what is known of its readiness, and who waits for it.
///
/// One coroutine may wait for reading while another waits for writing. A waiting coroutine is
/// resumed by the event itself; ended waits (cancel, end) resume by post, never inside the call.
class Watch {
public:
    Watch() = default;
    ~Watch() { end(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    enum class Starts : std::uint8_t { writable, blocked };

    /// `fd` stays open until end(). False: the kernel refused (out of memory or watches).
    bool begin(Reactor& reactor, int fd, Starts starts);
    /// Call it just before closing the descriptor: closing makes the kernel forget it. Waits end
    /// with false.
    void end();
    /// As end(), for a descriptor that stays open, here or as a duplicate.
    void forget();
    /// Waits end with false; the watch goes on.
    void cancel();

    bool is_readable() const noexcept { return readable_; }
    /// A read took less than it could: nothing is there until the next event. Not where the peer
    /// has closed, because its end of stream makes no further event.
    void drained() noexcept { readable_ = hung_up_; }
    /// A read found nothing.
    void exhausted() noexcept { readable_ = false; }
    /// A write found no room.
    void blocked() noexcept { writable_ = false; }

    /// False: cancelled. True at once where the kernel has already said so.
    task<bool> readable();
    task<bool> writable();

private:
    friend class Reactor;

    using Waiter = asio::async_result<asio::use_awaitable_t<executor>, void(bool)>::handler_type;

    task<bool> wait(std::optional<Waiter>& waiter);
    void wake(std::optional<Waiter>& waiter);
    void end_wait(std::optional<Waiter>& waiter);
    void handle(std::uint32_t events);

    Reactor* reactor_ = nullptr;
    int fd_ = -1;
    bool readable_ = false;
    bool writable_ = false;
    bool hung_up_ = false;
    std::optional<Waiter> reader_;
    std::optional<Waiter> writer_;
    Watch* next_ = nullptr;
    Watch** link_ = nullptr;
};

class Reactor {
public:
    explicit Reactor(IoContext& io);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// Keeps io.run() going until stop().
    void start();
    /// Ends all waits, now and from now on, so that every coroutine comes to its end.
    void stop();

    bool is_stopped() const noexcept { return stopped_; }
    executor get_executor() noexcept { return io_.get_executor(); }

private:
    friend class Watch;

    static constexpr std::size_t batch = 256;

    void await_events();
    void run_events();
    bool add(Watch& watch);
    void remove(Watch& watch) noexcept;

    IoContext& io_;
    asio::posix::basic_stream_descriptor<executor> epoll_;
    std::array<epoll_event, batch> events_;
    std::size_t next_event_ = 0;
    std::size_t event_count_ = 0;
    Watch* watches_ = nullptr;
    bool stopped_ = false;
};

}  // namespace fairlead::net
