// The connections of one worker to endpoints: those in use (leases) and those kept idle for reuse.
//
// Keyed by EndpointState, that is by the endpoint's identity: a container that gets a port which
// another one had never gets its connections. The newest idle one is used first, so that a service
// with little to do lets the others grow old and go. An endpoint that closes an idle connection, or
// sends something on it, is noticed by the reactor, and the connection is gone before anybody takes
// it.
//
// Threads: one worker. Cost: a lookup and a few pointers to take a connection or to give it back.
// Invariant: an idle connection has nobody waiting but the pool, and, as far as we know, no unread
// bytes.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/metrics/counters.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/policy.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/transport.hpp"
#include "proxy/net/waiter.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>

namespace fairlead::upstream {

class Connector;
class Pool;
class Resolver;
struct PooledConnection;

/// The right to use one connection for one request. Counts as in flight at the endpoint from before
/// the connection is opened, so that balancing and draining see it. Closes the connection at the
/// end unless keep() was called.
class Lease {
public:
    /// `tls`: null for none. Both outlive the lease: they are the snapshot's, which the request
    /// holds.
    Lease(Pool& pool, const model::EndpointStatePtr& endpoint, const model::EndpointTls* tls);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    net::Transport& transport() noexcept;
    model::EndpointState& endpoint() const noexcept { return *endpoint_; }
    /// It carried another request before: the endpoint may have closed it in the meantime.
    bool is_reused() const noexcept { return is_reused_; }
    /// Whether the kernel took anything of this request.
    bool has_sent_bytes() const noexcept;
    /// It was ended because the endpoint drained for longer than it may.
    bool was_cut() const noexcept { return was_cut_; }

    /// The connection may carry another request: to be called when the response came whole.
    void keep() noexcept { keep_ = true; }
    /// Whoever waits for the connection, or for it to be made, gets an error.
    void close();

private:
    friend class Pool;

    Pool& pool_;
    const model::EndpointStatePtr& endpoint_;
    const model::EndpointTls* const tls_;
    std::unique_ptr<PooledConnection> connection_;
    Connector* connector_ = nullptr;  // while it is being opened
    Lease* next_ = nullptr;
    Lease** link_ = nullptr;
    std::uint64_t sent_before_ = 0;
    bool is_reused_ = false;
    bool keep_ = false;
    bool was_cut_ = false;
};

enum class Reuse : std::uint8_t { allowed, checked, never };

class Pool {
public:
    static constexpr std::size_t most_idle = 512;  // for each endpoint

    Pool(net::Reactor& reactor, Resolver& resolver, metrics::Counters& counters);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Gives `lease` a new connection, ready for its first byte: TLS is part of `timeout`.
    net::task<result<>> connect(Lease& lease, const model::Endpoint& endpoint, Duration timeout);
    /// Gives it the connection that became idle last, but none that is too old (see
    /// EndpointState::idle_limit), and none that the endpoint has closed or sent something on: as
    /// far as the last events said, or, checked, as the kernel knows.
    bool take_idle(Lease& lease, Reuse reuse);

    /// Closes idle connections that are too old or whose endpoint takes no more requests, and cuts
    /// the leases of endpoints that drained for too long. Call about once a second, and after a
    /// change.
    void sweep(TimePoint now);

    void close_idle();
    /// Closes the connections of all leases: whoever holds one gets an error from it.
    void cut_all();

private:
    friend class Lease;
    friend struct PooledConnection;

    /// One endpoint's idle connections, newest first.
    struct Shelf {
        model::EndpointStatePtr endpoint;
        PooledConnection* newest = nullptr;
        PooledConnection* oldest = nullptr;
        std::size_t count = 0;
        net::TlsTicket ticket;  // makes the next handshake cheaper
    };

    net::task<result<>> secure(Lease& lease, const model::Endpoint& endpoint, TimePoint until);
    Shelf& shelf_of(Lease& lease);
    /// What makes the next handshake with the endpoint cheaper, however this connection ended.
    void keep_ticket(Lease& lease);
    void give_back(Lease& lease);
    void put(Shelf& shelf, std::unique_ptr<PooledConnection> connection);
    std::unique_ptr<PooledConnection> remove(PooledConnection& connection) noexcept;
    /// The endpoint has closed an idle connection, or sent what nobody asked for.
    void lose(PooledConnection& connection);

    net::Reactor& reactor_;
    Resolver& resolver_;
    metrics::Counters& counters_;
    std::unordered_map<const model::EndpointState*, Shelf> shelves_;
    Lease* leases_ = nullptr;
};

}  // namespace fairlead::upstream
