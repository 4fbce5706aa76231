// The connections of one worker to endpoints: those in use (leases) and those kept idle for reuse.
//
// Keyed by EndpointState, that is by the endpoint's identity: a container that gets a port which
// another one had never gets its connections.
//
// Threads: one worker.
// Invariant: an idle connection has no pending operation and, as far as we know, no unread bytes.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/metrics/counters.hpp"
#include "proxy/model/policy.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/transport.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace fairlead::upstream {

class Connector;
class Pool;
class Resolver;

/// The right to use one connection for one request. Counts as in flight at the endpoint from before
/// the connection is opened, so that balancing and draining see it. Closes the connection at the
/// end unless keep() was called.
class Lease {
public:
    Lease(Pool& pool, model::EndpointStatePtr endpoint);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    net::Transport& transport() noexcept { return *transport_; }
    model::EndpointState& endpoint() const noexcept { return *endpoint_; }
    /// It carried another request before: the endpoint may have closed it in the meantime.
    bool is_reused() const noexcept { return is_reused_; }
    /// It was ended because the endpoint drained for longer than it may.
    bool was_cut() const noexcept { return was_cut_; }

    /// The connection may carry another request: to be called when the response came whole.
    void keep() noexcept { keep_ = true; }
    /// Whoever waits for the connection, or for it to be made, gets an error.
    void close();

private:
    friend class Pool;

    Pool& pool_;
    model::EndpointStatePtr endpoint_;
    std::unique_ptr<net::Transport> transport_;
    Connector* connector_ = nullptr;  // while it is being opened
    Lease* next_ = nullptr;
    Lease** link_ = nullptr;
    bool is_reused_ = false;
    bool keep_ = false;
    bool was_cut_ = false;
};

enum class Reuse : std::uint8_t { allowed, checked, never };

class Pool {
public:
    /// Most servers close idle connections after 5 s or more; we give them up before.
    static constexpr Duration idle_limit = 4s;
    static constexpr std::size_t most_idle = 512;  // for each endpoint

    Pool(net::Reactor& reactor, Resolver& resolver, metrics::Counters& counters)
        : reactor_(reactor), resolver_(resolver), counters_(counters) {}
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Gives `lease` a new connection.
    net::task<result<>> connect(Lease& lease, const model::Endpoint& endpoint, Duration timeout);
    /// Gives it the connection that became idle last, but none that the endpoint has closed or
    /// sent something on: as far as the last events said, or, checked, as the kernel knows.
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

    struct Idle {
        std::unique_ptr<net::Transport> transport;
        TimePoint since;
    };
    struct Kept {
        model::EndpointStatePtr endpoint;
        std::vector<Idle> idle;  // newest last
    };

    void give_back(Lease& lease);

    net::Reactor& reactor_;
    Resolver& resolver_;
    metrics::Counters& counters_;
    std::unordered_map<const model::EndpointState*, Kept> kept_;  // until the endpoint is gone
    Lease* leases_ = nullptr;
};

}  // namespace fairlead::upstream
