#include "proxy/upstream/connector.hpp"

#include "proxy/net/socket.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <vector>

namespace fairlead::upstream {
namespace {

using resolver =
    net::token::as_default_on_t<net::asio::ip::basic_resolver<net::asio::ip::tcp, net::executor>>;

Reason reason_of(net::error_code ec) noexcept {
    // A Unix socket whose file is gone has nobody behind it either.
    const bool refused = ec == net::asio::error::connection_refused ||
                         ec == boost::system::errc::no_such_file_or_directory;
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
                                       const net::stream_protocol::endpoint& to) {
    attempt.watch.forget();
    attempt.socket = net::open_stream_socket(to);
    if (!attempt.socket) co_return net::last_system_error();
    const int fd = attempt.socket.get();
    const auto* const name = static_cast<const sockaddr*>(to.data());
    if (::connect(fd, name, static_cast<socklen_t>(to.size())) == 0) co_return net::error_code{};
    // A Unix socket whose queue is full says EAGAIN, and no event would follow.
    if (errno != EINPROGRESS) co_return net::last_system_error();
    if (!attempt.watch.begin(reactor, fd, net::Watch::Starts::blocked))
        co_return net::last_system_error();
    const bool done = co_await attempt.watch.writable();
    if (!done) co_return net::asio::error::operation_aborted;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    co_return net::error_code(error, boost::system::system_category());
}

net::task<result<std::vector<net::stream_protocol::endpoint>>> resolve(
    net::executor executor, const model::Address& address) {
    std::vector<net::stream_protocol::endpoint> endpoints;
    if (auto numeric = net::endpoint_of(address)) {
        endpoints.push_back(*numeric);
        co_return endpoints;
    }
    resolver names(executor);
    const std::string port = std::to_string(address.port);
    auto [ec, found] = co_await names.async_resolve(address.host, port);
    if (ec) co_return Failure(Reason::resolve_failed, ec);
    for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
    co_return endpoints;
}

}  // namespace

net::task<result<net::Descriptor>> connect(net::Reactor& reactor, net::DeadlineWheel& wheel,
                                           const model::Address& address, Duration timeout) {
    const auto endpoints = co_await resolve(reactor.get_executor(), address);
    if (!endpoints) co_return endpoints.error();

    Attempt attempt;
    net::Deadline deadline(wheel, &Attempt::cancel, &attempt);
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
