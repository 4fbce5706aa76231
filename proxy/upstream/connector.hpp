// Opens a connection to an endpoint.
//
// Threads: one worker. Host names are resolved on threads of their own, never on the worker.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/event.hpp"
#include "proxy/net/io_result.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/net/task.hpp"
#include "proxy/upstream/resolver.hpp"

#include <memory>
#include <vector>

namespace fairlead::upstream {

class Connector {
public:
    /// References outlive it; `resolver` also every answer it still owes.
    Connector(net::Reactor& reactor, Resolver& resolver)
        : reactor_(reactor), resolver_(resolver), deadline_(reactor.wheel(), &time_is_up, this) {}
    ~Connector() { watch_.forget(); }
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    /// Once. A connected, non-blocking socket, or resolve_failed, connect_refused, connect_failed,
    /// connect_timeout. A name's addresses are tried in turn and share the `timeout`.
    net::task<result<net::Descriptor>> connect(const model::Address& address, Duration timeout);

    /// connect() ends soon, with connect_failed.
    void cancel();

private:
    struct Question {
        explicit Question(net::Reactor& reactor) : answered(reactor) {}

        net::Event answered;
        Resolver::Answer answer;
    };
    using SocketAddresses = std::vector<net::SocketAddress>;

    static void time_is_up(void* self) { static_cast<Connector*>(self)->end_wait(); }
    void end_wait();
    net::task<result<SocketAddresses>> resolve(const model::Address& address);
    net::task<Resolver::Answer> ask(const model::Address& address);
    /// Success, or the system's error.
    net::task<net::error_code> try_connect(const net::SocketAddress& to);

    net::Reactor& reactor_;
    Resolver& resolver_;
    net::Deadline deadline_;
    std::shared_ptr<Question> question_;  // shared with the resolver's threads
    net::Descriptor socket_;
    net::Watch watch_;
    bool cancelled_ = false;
};

}  // namespace fairlead::upstream
