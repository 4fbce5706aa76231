#include "proxy/upstream/pool.hpp"

#include "proxy/net/socket.hpp"
#include "proxy/net/tls_client.hpp"
#include "proxy/upstream/connector.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fairlead::upstream {

using metrics::Metric;

/// A connection to an endpoint; while it is idle, what the reactor wakes when something happens.
struct PooledConnection final : net::Waiter {
    PooledConnection(Pool& in, net::Reactor& reactor, net::Descriptor socket)
        : Waiter(&PooledConnection::wake),
          pool(in),
          transport(reactor, std::move(socket), net::Watch::Starts::connected) {}

    static void wake(net::Waiter& waiter, bool) {
        auto& self = static_cast<PooledConnection&>(waiter);
        self.pool.lose(self);
    }

    Pool& pool;
    net::Transport transport;
    std::shared_ptr<const net::TlsClientContext> tls;  // null: plain
    TimePoint idle_since;
    Pool::Shelf* shelf = nullptr;  // null: leased
    PooledConnection* newer = nullptr;
    PooledConnection* older = nullptr;
};

Lease::Lease(Pool& pool, const model::EndpointStatePtr& endpoint, const model::EndpointTls* tls)
    : pool_(pool), endpoint_(endpoint), tls_(tls) {
    endpoint_->begin_request();
    next_ = pool_.leases_;
    if (next_ != nullptr) next_->link_ = &next_;
    pool_.leases_ = this;
    link_ = &pool_.leases_;
}

Lease::~Lease() {
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    endpoint_->end_request();
    if (tls_ != nullptr && connection_) pool_.keep_ticket(*this);
    if (keep_ && connection_ && connection_->transport.is_open()) pool_.give_back(*this);
}

net::Transport& Lease::transport() noexcept {
    return connection_->transport;
}

bool Lease::has_sent_bytes() const noexcept {
    return connection_ && connection_->transport.bytes_sent() != sent_before_;
}

void Lease::close() {
    if (connector_ != nullptr) connector_->cancel();
    if (connection_) connection_->transport.close();
}

Pool::Pool(net::Reactor& reactor, Resolver& resolver, metrics::Counters& counters)
    : reactor_(reactor), resolver_(resolver), counters_(counters) {}

Pool::~Pool() {
    close_idle();
}

net::task<result<>> Pool::connect(Lease& lease, const model::Endpoint& endpoint, Duration timeout) {
    const TimePoint until = reactor_.wheel().now() + timeout;
    Connector connector(reactor_, resolver_);
    lease.connector_ = &connector;
    auto socket = co_await connector.connect(endpoint.address, timeout);
    lease.connector_ = nullptr;
    if (!socket) co_return socket.error();
    counters_.add(Metric::upstream_connects);
    lease.connection_ = std::make_unique<PooledConnection>(*this, reactor_, std::move(*socket));
    if (lease.tls_ == nullptr) co_return result<>();
    co_return co_await secure(lease, endpoint, until);
}

net::task<result<>> Pool::secure(Lease& lease, const model::Endpoint& endpoint, TimePoint until) {
    const auto close = [](void* transport) { static_cast<net::Transport*>(transport)->close(); };
    auto& transport = lease.connection_->transport;
    net::Deadline deadline(reactor_.wheel(), close, &transport);
    deadline.arm(std::max(until - reactor_.wheel().now(), Duration(1ms)));
    const auto& tls = *lease.tls_;
    const auto& name = tls.server_name.empty() ? endpoint.address.host : tls.server_name;
    lease.connection_->tls = tls.context;
    const auto& ticket = shelf_of(lease).ticket;
    const auto ec = co_await transport.handshake(tls.context, name, ticket);
    if (!ec) co_return result<>();
    if (deadline.expired()) co_return Failure(Reason::connect_timeout, ec);
    const bool is_untrusted = net::is_verify_error(ec);
    co_return Failure(is_untrusted ? Reason::upstream_untrusted : Reason::upstream_tls_failed, ec);
}

bool Pool::take_idle(Lease& lease, Reuse reuse) {
    if (reuse == Reuse::never) return false;
    const auto at = shelves_.find(lease.endpoint_.get());
    if (at == shelves_.end()) return false;
    auto& shelf = at->second;
    const TimePoint now = reactor_.wheel().now();
    const Duration limit = lease.endpoint_->idle_limit(now);
    const auto* const context = lease.tls_ == nullptr ? nullptr : lease.tls_->context.get();
    while (shelf.newest != nullptr) {
        auto connection = remove(*shelf.newest);
        auto& transport = connection->transport;
        const bool is_fit = now - connection->idle_since < limit && !transport.may_have_input() &&
                            connection->tls.get() == context;
        if (!is_fit) continue;
        if (reuse == Reuse::checked && net::is_readable_or_closed(transport.native_handle()))
            continue;
        counters_.add(Metric::upstream_reuses);
        lease.sent_before_ = transport.bytes_sent();
        lease.connection_ = std::move(connection);
        lease.is_reused_ = true;
        return true;
    }
    return false;
}

Pool::Shelf& Pool::shelf_of(Lease& lease) {
    auto& shelf = shelves_[lease.endpoint_.get()];
    if (!shelf.endpoint) shelf.endpoint = lease.endpoint_;
    return shelf;
}

void Pool::keep_ticket(Lease& lease) {
    if (lease.endpoint_->is_gone() || reactor_.is_stopped()) return;
    lease.connection_->transport.take_ticket(shelf_of(lease).ticket);
}

void Pool::give_back(Lease& lease) {
    if (lease.endpoint_->is_gone() || lease.endpoint_->admission() != model::Admission::ready)
        return;
    if (reactor_.is_stopped()) return;
    auto& shelf = shelf_of(lease);
    if (shelf.count < most_idle) put(shelf, std::move(lease.connection_));
}

void Pool::put(Shelf& shelf, std::unique_ptr<PooledConnection> connection) {
    if (connection->transport.has_hung_up()) return;
    // Its response was waited for, so the reactor knows it: this costs no system call.
    if (!connection->transport.wake_when_readable(*connection)) return;
    auto& newest = *connection.release();
    newest.idle_since = reactor_.wheel().now();
    newest.shelf = &shelf;
    newest.newer = nullptr;
    newest.older = shelf.newest;
    (shelf.newest == nullptr ? shelf.oldest : shelf.newest->newer) = &newest;
    shelf.newest = &newest;
    ++shelf.count;
    counters_.add(Metric::upstream_idle);
}

std::unique_ptr<PooledConnection> Pool::remove(PooledConnection& connection) noexcept {
    auto& shelf = *std::exchange(connection.shelf, nullptr);
    connection.transport.withdraw_reader(connection);
    (connection.newer == nullptr ? shelf.newest : connection.newer->older) = connection.older;
    (connection.older == nullptr ? shelf.oldest : connection.older->newer) = connection.newer;
    --shelf.count;
    counters_.subtract(Metric::upstream_idle);
    return std::unique_ptr<PooledConnection>(&connection);
}

void Pool::lose(PooledConnection& connection) {
    const TimePoint now = reactor_.wheel().now();
    auto& endpoint = *connection.shelf->endpoint;
    if (connection.transport.has_hung_up()) endpoint.saw_idle_end(now - connection.idle_since, now);
    remove(connection);
}

void Pool::sweep(TimePoint now) {
    for (auto at = shelves_.begin(); at != shelves_.end();) {
        auto& shelf = at->second;
        const bool takes =
            shelf.endpoint->admission() == model::Admission::ready && !shelf.endpoint->is_gone();
        const auto limit = takes ? shelf.endpoint->idle_limit(now) : Duration::min();
        while (shelf.oldest != nullptr && now - shelf.oldest->idle_since >= limit)
            remove(*shelf.oldest);
        at = shelf.endpoint->is_gone() ? shelves_.erase(at) : std::next(at);
    }
    for (Lease* lease = leases_; lease != nullptr; lease = lease->next_) {
        if (lease->endpoint_->cut_at() > now) continue;
        lease->was_cut_ = true;
        lease->close();
    }
}

void Pool::close_idle() {
    for (auto& [endpoint, shelf] : shelves_) {
        while (shelf.newest != nullptr) remove(*shelf.newest);
    }
}

void Pool::cut_all() {
    for (Lease* lease = leases_; lease != nullptr; lease = lease->next_) {
        lease->close();
    }
}

}  // namespace fairlead::upstream
