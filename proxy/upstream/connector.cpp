#include "proxy/upstream/connector.hpp"

#include "proxy/net/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace fairlead::upstream {
namespace {

Reason reason_of(net::error_code ec) noexcept {
    // A Unix socket whose file is gone has nobody behind it either.
    switch (ec.value()) {
        case ECONNREFUSED:
        case ENOENT:
            return Reason::connect_refused;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return Reason::no_socket;  // ours to mend, not the endpoint's
        default:
            return Reason::connect_failed;
    }
}

}  // namespace

net::task<result<net::Descriptor>> Connector::connect(const model::Address& address,
                                                      Duration timeout) {
    deadline_.arm(timeout);
    const TimePoint ends_at = reactor_.wheel().now() + timeout;
    const auto addresses = co_await resolve(address);
    if (!addresses) co_return addresses.error();

    Failure failure(Reason::connect_failed);
    for (auto left = addresses->size(); left > 0; --left) {
        const auto& to = (*addresses)[addresses->size() - left];
        // An address that does not answer leaves the others their share of the time.
        const auto time = ends_at - reactor_.wheel().now();
        deadline_.arm(std::max(time / static_cast<Duration::rep>(left), Duration(1ms)));
        const net::error_code ec = co_await try_connect(to);
        if (deadline_.expired()) {
            failure = Failure(Reason::connect_timeout, ec);
            continue;
        }
        if (cancelled_) co_return Failure(Reason::connect_failed, ec);
        if (!ec && !net::is_connected_to_itself(socket_.get(), to)) {
            watch_.forget();
            net::tune(socket_.get(), to);
            co_return std::move(socket_);
        }
        failure = ec ? Failure(reason_of(ec), ec) : Failure(Reason::connect_refused);
    }
    co_return failure;
}

void Connector::cancel() {
    cancelled_ = true;
    end_wait();
}

void Connector::end_wait() {
    watch_.cancel();
    if (question_) question_->answered.set();
}

net::task<result<Connector::SocketAddresses>> Connector::resolve(const model::Address& address) {
    SocketAddresses found;
    if (auto numeric = net::socket_address_of(address)) {
        found.push_back(*numeric);
        co_return found;
    }
    auto addresses = resolver_.cached(address.host, reactor_.wheel().now());
    if (addresses == nullptr) {
        const auto answer = co_await ask(address);
        if (deadline_.expired()) co_return Failure(Reason::connect_timeout);
        if (answer.addresses == nullptr) co_return Failure(Reason::resolve_failed, answer.why);
        addresses = answer.addresses;
    }
    for (const auto& ip : *addresses) found.push_back(net::socket_address_of(ip, address.port));
    co_return found;
}

net::task<Resolver::Answer> Connector::ask(const model::Address& address) {
    if (reactor_.is_stopped()) co_return Resolver::Answer();
    question_ = std::make_shared<Question>(reactor_);
    auto& reactor = reactor_;
    const auto answered = [&reactor, question = question_](const Resolver::Answer& answer) {
        reactor.post([question, answer] {
            question->answer = answer;
            question->answered.set();
        });
    };
    resolver_.resolve(address.host, reactor_.wheel().now(), answered);
    co_await question_->answered.wait();
    co_return question_->answer;
}

net::task<net::error_code> Connector::try_connect(const net::SocketAddress& to) {
    watch_.forget();
    socket_ = net::open_stream_socket(to);
    if (!socket_) co_return net::last_system_error();
    if (::connect(socket_.get(), to.data(), to.size()) == 0) co_return net::error_code();
    // A Unix socket whose queue is full says EAGAIN, and no event would follow.
    if (errno != EINPROGRESS) co_return net::last_system_error();
    watch_.begin(reactor_, socket_.get(), net::Watch::Starts::connecting);
    const bool done = co_await watch_.writable();
    if (!done) co_return net::cancelled_error();
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    co_return net::error_code(error, boost::system::system_category());
}

}  // namespace fairlead::upstream
