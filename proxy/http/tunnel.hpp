// After an upgrade: bytes in both directions until one side ends.
//
// Threads: one worker.
#pragma once

#include "proxy/http/message_stream.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"

namespace fairlead::http {

/// Begins with what was read ahead. An end of stream on one side is passed on as such (half-close);
/// an error, or `idle` without a byte in either direction, ends both. Both transports are closed
/// then.
net::task<> run_tunnel(net::Reactor& reactor, RawConnection client, RawConnection endpoint,
                       net::BufferPool& buffers, Duration idle);

}  // namespace fairlead::http
