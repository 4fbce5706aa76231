#include "proxy/upstream/connector.hpp"

#include <vector>

#include <boost/asio/error.hpp>

#include "proxy/net/socket.hpp"

namespace fairlead::upstream {
namespace {

using resolver = net::token::as_default_on_t<net::asio::ip::basic_resolver<net::asio::ip::tcp, net::executor>>;

Reason reason_of(net::error_code ec) noexcept {
    // A Unix socket whose file is gone has nobody behind it either.
    const bool refused = ec == net::asio::error::connection_refused || ec == boost::system::errc::no_such_file_or_directory;
    return refused ? Reason::connect_refused : Reason::connect_failed;
}

/// What the deadline closes: the socket of the try under way.
struct Attempt {
    net::stream_socket socket;

    static void close(void* self) {
        net::error_code ignored;
        static_cast<Attempt*>(self)->socket.close(ignored);
    }
};

net::task<result<std::vector<net::stream_protocol::endpoint>>> resolve(net::executor executor, const model::Address& address) {
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

net::task<result<net::stream_socket>> connect(net::executor executor, net::DeadlineWheel& wheel,
                                              const model::Address& address, Duration timeout) {
    const auto endpoints = co_await resolve(executor, address);
    if (!endpoints) co_return endpoints.error();

    Attempt attempt{net::stream_socket(executor)};
    net::Deadline deadline(wheel, &Attempt::close, &attempt);
    deadline.arm(timeout);
    Failure failure(Reason::connect_failed);
    for (const auto& endpoint : *endpoints) {
        auto [ec] = co_await attempt.socket.async_connect(endpoint);
        if (deadline.expired()) co_return Failure(Reason::connect_timeout, ec);
        if (!ec && !net::is_connected_to_itself(attempt.socket)) {
            net::prepare(attempt.socket);
            co_return std::move(attempt.socket);
        }
        failure = ec ? Failure(reason_of(ec), ec) : Failure(Reason::connect_refused);
        Attempt::close(&attempt);
    }
    co_return failure;
}

}  // namespace fairlead::upstream
