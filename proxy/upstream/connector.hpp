// Opens a connection to an endpoint.
//
// Threads: one worker. Host names are resolved by Asio's resolver thread, never on the worker.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/descriptor.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/net/task.hpp"

namespace fairlead::upstream {

/// A connected, non-blocking socket, or resolve_failed, connect_refused, connect_failed,
/// connect_timeout.
net::task<result<net::Descriptor>> connect(net::Reactor& reactor, const model::Address& address,
                                           Duration timeout);

}  // namespace fairlead::upstream
