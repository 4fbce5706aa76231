// A listening socket of one worker: binding, and the accept loop.
//
// TCP: each worker has a socket of its own on the same address (SO_REUSEPORT). The kernel spreads
// connections by hash, so few long-lived clients can load one worker more than another. Unix: one
// socket, shared by the workers.
//
// Threads: bind: control, before the workers run. Listener: one worker.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/waiter.hpp"

#include <functional>
#include <string>
#include <vector>

namespace fairlead::net {

/// Listening descriptors for one address, one for each worker, and the address really bound.
struct BoundListener {
    std::vector<int> descriptors;  // owned by the caller
    model::Address address;
};

/// `mode`: of a Unix socket's file, before anybody can connect. A problem reads "cannot listen on
/// 0.0.0.0:8080: Address already in use".
Checked<BoundListener> bind_listener(const model::Address& address, std::size_t workers,
                                     unsigned mode = 0660);

/// Removes the file of a Unix socket that nobody listens on: left over from an earlier run, or
/// ours. Another process may have put its own in that place: the next Fairlead, while this one
/// drains.
void remove_stale_socket(const model::Address& address);

class Listener {
public:
    using Accepted = std::function<void(Descriptor, const SocketAddress& peer)>;
    using Failed = std::function<void()>;  // an accept failed, such as for lack of descriptors

    /// Takes `descriptor`. `accepted` and `failed` are called on the worker.
    Listener(Reactor& reactor, int descriptor, const model::Address& address, Accepted accepted,
             Failed failed);
    ~Listener() { close(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    void start();

    /// Closing a listener resets what its queue holds, and handshakes that end just then. So before
    /// drain(): nobody begins a new one, whoever has begun one is still accepted.
    void refuse_new();
    /// Accepts what the kernel has already queued (those clients believe they are connected), then
    /// closes. At least handshake_time after refuse_new().
    void drain();
    static constexpr Duration handshake_time = 50ms;
    void close();

private:
    struct Arrivals final : Waiter {
        explicit Arrivals(Listener& owner) noexcept : Waiter(&wake), listener(owner) {}
        static void wake(Waiter& waiter, bool ready);

        Listener& listener;
    };

    static void try_again(void* self);
    void accept_and_wait();
    /// Accepts until the queue is empty. False: out of descriptors or memory.
    bool accept_queued();

    Reactor& reactor_;
    Descriptor socket_;
    Watch watch_;
    Arrivals arrivals_;
    Deadline backoff_;
    const std::string name_;
    Accepted accepted_;
    Failed failed_;
};

}  // namespace fairlead::net
