#include "proxy/upstream/connector.hpp"

#include "proxy/net/socket.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <vector>

namespace fairlead::upstream {
namespace {

Reason reason_of(net::error_code ec) noexcept {
    // A Unix socket whose file is gone has nobody behind it either.
    const bool refused = ec.value() == ECONNREFUSED || ec.value() == ENOENT;
    return refused ? Reason::connect_refused : Reason::connect_failed;
}

/// What the deadline ends: the try under way.
struct Attempt {
    net::Descriptor socket;
    net::Watch watch;

    ~Attempt() { watch.forget(); }

    static void cancel(void* self) { static_cast<Attempt*>(self)->watch.cancel(); }
};

/// Success, or the system's error.
net::task<net::error_code> try_connect(net::Reactor& reactor, Attempt& attempt,
                                       const net::SocketAddress& to) {
    attempt.watch.forget();
    attempt.socket = net::open_stream_socket(to);
    if (!attempt.socket) co_return net::last_system_error();
    const int fd = attempt.socket.get();
    if (::connect(fd, to.data(), to.size()) == 0) co_return net::error_code{};
    // A Unix socket whose queue is full says EAGAIN, and no event would follow.
    if (errno != EINPROGRESS) co_return net::last_system_error();
    attempt.watch.begin(reactor, fd, net::Watch::Starts::connecting);
    const bool done = co_await attempt.watch.writable();
    if (!done) co_return net::cancelled_error();
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    co_return net::error_code(error, boost::system::system_category());
}

net::task<result<std::vector<net::SocketAddress>>> resolve(net::Reactor&,
                                                           const model::Address& address) {
    std::vector<net::SocketAddress> found;
    if (auto numeric = net::socket_address_of(address)) {
        found.push_back(*numeric);
        co_return found;
    }
    co_return Failure(Reason::resolve_failed);
}

}  // namespace

net::task<result<net::Descriptor>> connect(net::Reactor& reactor, const model::Address& address,
                                           Duration timeout) {
    const auto endpoints = co_await resolve(reactor, address);
    if (!endpoints) co_return endpoints.error();

    Attempt attempt;
    net::Deadline deadline(reactor.wheel(), &Attempt::cancel, &attempt);
    deadline.arm(timeout);
    Failure failure(Reason::connect_failed);
    for (const auto& endpoint : *endpoints) {
        const net::error_code ec = co_await try_connect(reactor, attempt, endpoint);
        if (deadline.expired()) co_return Failure(Reason::connect_timeout, ec);
        if (!ec && !net::is_connected_to_itself(attempt.socket.get(), endpoint)) {
            attempt.watch.forget();
            net::disable_nagle(attempt.socket.get());
            co_return std::move(attempt.socket);
        }
        failure = ec ? Failure(reason_of(ec), ec) : Failure(Reason::connect_refused);
    }
    co_return failure;
}

}  // namespace fairlead::upstream
