#include "proxy/session/worker.hpp"

#include "proxy/base/log.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/session/connection.hpp"

#include <pthread.h>

namespace fairlead::session {
namespace {

// A request that a client sends just when we begin to drain is still answered.
constexpr Duration idle_patience_when_draining = 1s;

// What still waits this long after everything was closed (a connect, a name) is dropped as it is.
constexpr Duration patience_when_stopping = 500ms;

}  // namespace

Worker::Worker(std::size_t index, Shared& shared)
    : index_(index),
      shared_(shared),
      pool_(reactor_, wheel_, counters_),
      snapshot_(boost::make_local_shared<const model::SnapshotPtr>(nullptr)) {
    scratch_.reserve(16 * 1024);
}

Worker::~Worker() {
    join();
    io_.shutdown();
}

void Worker::listen(int descriptor, const model::Address& address, const ListenerContext& context) {
    const auto accepted = [this, &context](net::Descriptor socket,
                                           const net::stream_protocol::endpoint& peer) {
        accept(std::move(socket), peer, context);
    };
    const auto failed = [this] { counters_.add(metrics::Metric::accept_errors); };
    listeners_.push_back(
        std::make_unique<net::Listener>(io_, reactor_, descriptor, address, accepted, failed));
}

void Worker::start() {
    reactor_.start();
    for (auto& listener : listeners_) listener->start();
    net::spawn(executor(), "sweep", sweep_every_second());
    thread_ = std::thread([this] {
        const std::string name = "worker-" + std::to_string(index_);
        ::pthread_setname_np(::pthread_self(), name.c_str());
        io_.run();
    });
}

void Worker::post(std::function<void()> work) {
    net::asio::post(io_, std::move(work));
}

void Worker::join() {
    if (thread_.joinable()) {
        post([this] { stop(); });
        thread_.join();
    }
}

void Worker::stop() {
    stopping_ = true;
    draining_ = true;
    for (auto& listener : listeners_) listener->close();
    pool_.cut_all();
    for (Connection* connection = connections_; connection != nullptr;
         connection = connection->next_) {
        connection->close();
    }
    pool_.close_idle();
    reactor_.stop();
    sweep_timer_.cancel();
    patience_timer_.cancel();
    wheel_.stop();
    if (connections_ == nullptr) return;
    stop_timer_.expires_after(patience_when_stopping);
    stop_timer_.async_wait([this](net::error_code ec) {
        if (!ec) io_.stop();
    });
}

void Worker::install(model::SnapshotPtr snapshot) {
    snapshot_ = boost::make_local_shared<const model::SnapshotPtr>(std::move(snapshot));
    pool_.sweep(net::DeadlineWheel::coarse_now());
}

void Worker::begin_drain(std::function<void()> drained) {
    draining_ = true;
    drained_ = std::move(drained);
    for (auto& listener : listeners_) listener->drain();
    tell_if_drained();
    net::spawn(executor(), "drain", close_idle_connections());
}

net::task<> Worker::close_idle_connections() {
    patience_timer_.expires_after(idle_patience_when_draining);
    co_await patience_timer_.async_wait();
    for (Connection* connection = connections_; connection != nullptr;) {
        Connection* const next = connection->next_;
        if (connection->is_idle()) connection->close();
        connection = next;
    }
}

void Worker::accept(net::Descriptor socket, const net::stream_protocol::endpoint& peer,
                    const ListenerContext& context) {
    const auto limit = shared_.limits.connections;
    if (limit > 0 && shared_.connections.load(std::memory_order_relaxed) >= limit) {
        counters_.add(metrics::Metric::connections_refused);
        counters_.add(Reason::too_many_connections);
        return;
    }
    counters_.add(metrics::Metric::connections_accepted);
    net::disable_nagle(socket.get());
    net::spawn(executor(), "connection",
               serve_connection(*this, context, std::move(socket), net::ip_of(peer)));
}

void Worker::add(Connection& connection) {
    shared_.connections.fetch_add(1, std::memory_order_relaxed);
    counters_.add(metrics::Metric::connections_open);
    connection.next_ = connections_;
    if (connections_ != nullptr) connections_->link_ = &connection.next_;
    connections_ = &connection;
    connection.link_ = &connections_;
}

void Worker::remove(Connection& connection) {
    *connection.link_ = connection.next_;
    if (connection.next_ != nullptr) connection.next_->link_ = connection.link_;
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    counters_.subtract(metrics::Metric::connections_open);
    if (stopping_ && connections_ == nullptr) stop_timer_.cancel();
    tell_if_drained();
}

void Worker::tell_if_drained() {
    if (!draining_ || connections_ != nullptr || !drained_) return;
    const auto drained = std::move(drained_);
    drained_ = {};
    drained();
}

net::task<> Worker::sweep_every_second() {
    while (!stopping_) {
        sweep_timer_.expires_after(1s);
        co_await sweep_timer_.async_wait();
        pool_.sweep(net::DeadlineWheel::coarse_now());
    }
}

}  // namespace fairlead::session
