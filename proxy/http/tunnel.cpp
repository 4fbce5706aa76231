#include "proxy/http/tunnel.hpp"

#include "proxy/net/event.hpp"
#include "proxy/net/spawn.hpp"

namespace fairlead::http {
namespace {

/// What both directions share. Lives in run_tunnel's frame, which waits for both to end.
struct Tunnel {
    Tunnel(net::Reactor& reactor, RawConnection client_side, RawConnection endpoint_side,
           net::BufferPool& pool, Duration limit)
        : client(client_side),
          endpoint(endpoint_side),
          buffers(pool),
          idle(limit),
          deadline(reactor.wheel(), &Tunnel::close, this),
          other_ended(reactor) {}

    static void close(void* self) {
        auto& tunnel = *static_cast<Tunnel*>(self);
        tunnel.client.transport->close();
        tunnel.endpoint.transport->close();
    }

    const RawConnection client;
    const RawConnection endpoint;
    net::BufferPool& buffers;
    const Duration idle;
    net::Deadline deadline;
    net::Event other_ended;
};

/// One direction. Returns when its source ended or anything failed.
net::task<> copy(Tunnel& tunnel, const RawConnection& from, net::Transport& to) {
    net::Buffer buffer = tunnel.buffers.borrow(net::BufferPool::small);
    std::string_view data = from.read_ahead;
    for (;;) {
        tunnel.deadline.arm(tunnel.idle);
        if (!data.empty()) {
            const std::string_view pieces[] = {data};
            if (to.write({}, pieces) != net::Sent::all) {
                const net::error_code failed = co_await to.finish_writing();
                if (failed) break;
            }
        }
        buffer.clear();
        const net::IoResult read = co_await from.transport->read_some(buffer.space());
        if (read.is_ended() && from.half_close) {
            to.shut_down_writing();
            co_return;
        }
        if (!read.is_done()) break;
        data = std::string_view(buffer.filled_begin(), read.size);
    }
    Tunnel::close(&tunnel);
}

net::task<> copy_to_client(Tunnel& tunnel) {
    co_await copy(tunnel, tunnel.endpoint, *tunnel.client.transport);
    tunnel.other_ended.set();
}

}  // namespace

net::task<> run_tunnel(net::Reactor& reactor, RawConnection client, RawConnection endpoint,
                       net::BufferPool& buffers, Duration idle) {
    Tunnel tunnel(reactor, client, endpoint, buffers, idle);
    net::spawn(reactor, "tunnel", copy_to_client(tunnel));
    co_await copy(tunnel, tunnel.client, *tunnel.endpoint.transport);
    co_await tunnel.other_ended.wait();
    Tunnel::close(&tunnel);
}

}  // namespace fairlead::http
