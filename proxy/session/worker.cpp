#include "proxy/session/worker.hpp"

#include "proxy/base/log.hpp"
#include "proxy/http/head_writer.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/session/connection.hpp"

#include <pthread.h>
#include <random>
#include <sys/socket.h>

namespace fairlead::session {
namespace {

constexpr Duration sweep_interval = 1s;

// Whoever is told that we stop takes it at once, or never.
constexpr Duration time_for_last_answers = 200ms;

/// Differs from worker to worker and from process to process.
std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Worker::Worker(std::size_t index, Shared& shared)
    : index_(index),
      shared_(shared),
      server_streams_([this] {
          return std::make_unique<http::Http1ServerStream>(buffers(), wheel(), scratch_);
      }),
      client_streams_([this] {
          return std::make_unique<http::Http1ClientStream>(buffers(), wheel(), scratch_);
      }),
      random_(random_seed()),
      pool_(reactor_, *shared.resolver, counters_),
      snapshot_(boost::make_local_shared<const model::SnapshotPtr>(nullptr)),
      sweep_(wheel(), &Worker::sweep, this),
      handshakes_(wheel(), &Worker::close_listeners, this),
      patience_(wheel(), &Worker::close_waiting, this),
      last_answers_(wheel(), &Worker::cut_connections, this) {
    scratch_.room(16 * 1024);
}

Worker::~Worker() {
    join();
}

void Worker::listen(int descriptor, const model::Address& address, const ListenerContext& context) {
    const auto accepted = [this, &context](net::Descriptor socket, const net::SocketAddress& peer) {
        accept(std::move(socket), peer, context);
    };
    const auto failed = [this] { counters_.add(metrics::Metric::accept_errors); };
    listeners_.push_back(
        std::make_unique<net::Listener>(reactor_, descriptor, address, accepted, failed));
}

void Worker::start() {
    thread_ = std::thread([this] {
        const std::string name = "worker-" + std::to_string(index_);
        ::pthread_setname_np(::pthread_self(), name.c_str());
        sweep_.arm(sweep_interval);
        // Posted, so that what was posted before start(), such as the first snapshot, is done
        // first.
        post([this] {
            for (auto& listener : listeners_) listener->start();
        });
        reactor_.run();
    });
}

void Worker::post(std::function<void()> work) {
    reactor_.post(std::move(work));
}

void Worker::begin_stop() {
    post([this] { stop(); });
}

void Worker::join() {
    if (thread_.joinable()) {
        begin_stop();
        thread_.join();
    }
}

void Worker::stop() {
    if (stopping_) return;
    stopping_ = draining_ = true;
    accepts_ = false;
    for (auto& listener : listeners_) listener->close();
    // Requests under way learn that we stop, and answer it where they still can.
    pool_.cut_all();
    close_waiting(this);
    last_answers_.arm(time_for_last_answers);
    if (connections_ == nullptr) end();
}

void Worker::cut_connections(void* self) {
    auto& worker = *static_cast<Worker*>(self);
    for (Connection* connection = worker.connections_; connection != nullptr;
         connection = connection->next_) {
        connection->cut();
    }
    worker.end();
}

void Worker::end() {
    pool_.cut_all();
    pool_.close_idle();
    reactor_.stop();
}

void Worker::install(model::SnapshotPtr snapshot) {
    snapshot_ = boost::make_local_shared<const model::SnapshotPtr>(std::move(snapshot));
    pool_.sweep(wheel().now());
}

void Worker::begin_drain(std::function<void()> drained) {
    draining_ = true;
    drained_ = std::move(drained);
    for (auto& listener : listeners_) listener->refuse_new();
    handshakes_.arm(net::Listener::handshake_time);
    patience_.arm(patience_when_draining);
}

void Worker::close_listeners(void* self) {
    auto& worker = *static_cast<Worker*>(self);
    for (auto& listener : worker.listeners_) listener->drain();
    worker.accepts_ = false;
    worker.tell_if_drained();
}

void Worker::close_waiting(void* self) {
    auto& worker = *static_cast<Worker*>(self);
    for (Connection* connection = worker.connections_; connection != nullptr;) {
        Connection* const next = connection->next_;
        const bool is_ours_to_close = worker.stopping_ || !connection->leaves_closing_to_front();
        if (connection->awaits_request() && is_ours_to_close) connection->close_between_requests();
        connection = next;
    }
}

void Worker::accept(net::Descriptor socket, const net::SocketAddress& peer,
                    const ListenerContext& context) {
    const auto limit = shared_.limits.connections;
    if (limit > 0 && shared_.connections.load(std::memory_order_relaxed) >= limit) {
        counters_.add(metrics::Metric::connections_refused);
        counters_.add(Reason::too_many_connections);
        if (!context.tls) refuse(socket);
        return;
    }
    counters_.add(metrics::Metric::connections_accepted);
    Connection::open(*this, context, std::move(socket), net::ip_of(peer));
}

void Worker::refuse(const net::Descriptor& socket) {
    http::Reply reply = http::make_reply(Reason::too_many_connections);
    scratch_.clear();
    http::write_response_head(scratch_, reply.head, reply.head.body, http::ConnectionWord::close);
    scratch_.append(reply.body);
    ::send(socket.get(), scratch_.text().data(), scratch_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket.get(), SHUT_WR);
    // What has come is taken, or closing would reset the connection and our answer with it.
    net::Buffer buffer = buffers().borrow(net::BufferPool::small);
    ::recv(socket.get(), buffer.space().data(), buffer.space().size(), MSG_DONTWAIT);
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
    tell_if_drained();
}

void Worker::tell_if_drained() {
    if (accepts_ || connections_ != nullptr) return;
    if (stopping_) end();
    if (!drained_) return;
    const auto drained = std::move(drained_);
    drained_ = {};
    drained();
}

void Worker::sweep(void* self) {
    auto& worker = *static_cast<Worker*>(self);
    worker.pool_.sweep(worker.wheel().now());
    worker.sweep_.arm(sweep_interval);
}

}  // namespace fairlead::session
