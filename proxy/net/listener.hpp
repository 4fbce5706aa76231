// A listening socket of one worker: binding, and the accept loop.
//
// TCP: each worker has a socket of its own on the same address (SO_REUSEPORT). The kernel spreads
// connections by hash, so few long-lived clients can load one worker more than another. Unix: one
// socket, shared by the workers.
//
// Threads: bind: control, before the workers run. Listener: one worker.
#pragma once

#include <functional>
#include <vector>

#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/types.hpp"

namespace fairlead::net {

/// Listening descriptors for one address, one for each worker, and the address really bound.
struct BoundListener {
    std::vector<int> descriptors;  // owned by the caller
    model::Address address;
};

/// A problem reads "cannot listen on 0.0.0.0:8080: Address already in use".
Checked<BoundListener> bind_listener(const model::Address& address, std::size_t workers);

class Listener {
public:
    using Accepted = std::function<void(stream_socket)>;
    using Failed = std::function<void()>;  // an accept failed, such as for lack of descriptors

    /// Takes `descriptor`. `accepted` and `failed` are called on the worker.
    Listener(IoContext& io, int descriptor, const model::Address& address, Accepted accepted, Failed failed);

    void start();

    /// Accepts what the kernel has already queued (those clients believe they are connected), then closes.
    void drain();
    void close();

private:
    task<> run();

    acceptor acceptor_;
    timer backoff_;
    const std::string name_;
    Accepted accepted_;
    Failed failed_;
};

}  // namespace fairlead::net
