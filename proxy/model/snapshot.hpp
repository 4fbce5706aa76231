// Everything a worker needs to route and balance, as one immutable whole.
//
// Compiled on the control thread, posted to each worker; a request sees exactly one from routing to
// its log line. Services and the route table that a change did not touch are shared with the
// snapshot before. Facts that change faster than configuration live behind it, in EndpointState and
// ServiceState, which are carried over by identity and by name.
//
// Threads: any (immutable).
#pragma once

#include "proxy/model/desired_state.hpp"
#include "proxy/model/policy.hpp"
#include "proxy/model/rate_table.hpp"
#include "proxy/model/route_table.hpp"
#include "proxy/model/service_state.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::model {

struct Service {
    ServiceSpec spec;
    ServiceSettings settings;
    std::vector<Endpoint>
        endpoints;  // in the order of the spec; never resized: the policy refers to them
    PolicyPtr policy;
    ServiceStatePtr state;
};
using ServicePtr = std::shared_ptr<const Service>;

struct Match {
    const RouteSpec* route = nullptr;  // null: no route
    const Service* service =
        nullptr;  // null: no source defines the route's service, or it has none
    const RouteTable::Entry* entry = nullptr;  // the route's place in the table
};

class Snapshot {
public:
    std::uint64_t version() const noexcept { return version_; }

    /// See RouteTable::find. The result points into the snapshot.
    Match match(std::string_view host, std::string_view path,
                const RequestFacts* request = nullptr) const noexcept;
    /// The service of share number `share` of that route's split. Null: no source defines it.
    const Service* share(const RouteTable::Entry& entry, std::size_t share) const noexcept {
        return by_slot_[routes_->share_slots()[entry.first_share + share]].get();
    }
    /// Null where no route has a rate limit.
    RateTable* rate_table() const noexcept { return rate_table_.get(); }

    const RouteTable& routes() const noexcept { return *routes_; }
    const std::map<std::string, ServicePtr, std::less<>>& services() const noexcept {
        return services_;
    }
    const std::vector<LosingRoute>& losers() const noexcept { return losers_; }
    const std::vector<RejectedEntry>& rejected() const noexcept { return rejected_; }

private:
    friend class SnapshotCompiler;

    std::uint64_t version_ = 0;
    std::shared_ptr<const RouteTable> routes_;
    std::vector<ServicePtr> by_slot_;  // as routes_->service_names()
    std::shared_ptr<RateTable> rate_table_;
    std::map<std::string, ServicePtr, std::less<>> services_;
    std::vector<LosingRoute> losers_;
    std::vector<RejectedEntry> rejected_;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// Turns desired states into snapshots, one after the other, and keeps what must outlive them.
///
/// Threads: control.
class SnapshotCompiler {
public:
    SnapshotCompiler(PolicyFactory make_policy, std::size_t workers);

    /// Requires: every policy that `desired` names exists (the reconciler has checked it). Sets
    /// admission, gone and cut times in the endpoints' states as of `now`.
    SnapshotPtr compile(const DesiredState& desired, TimePoint now);

    const SnapshotPtr& current() const noexcept { return current_; }

private:
    ServicePtr make_service(const ServiceSpec& spec, TimePoint now);
    ServiceStatePtr service_state(const std::string& name);
    EndpointStatePtr endpoint_state(const std::string& service, const EndpointSpec& spec);
    const std::shared_ptr<RateTable>& rate_table(TimePoint now);

    PolicyFactory make_policy_;
    std::size_t workers_;
    std::uint64_t next_version_ = 1;
    SnapshotPtr current_;
    std::shared_ptr<RateTable> rate_table_;  // from the first rate limit on
    // Weak: the snapshots that name them, and the requests that still use those, keep them alive.
    std::map<std::string, std::weak_ptr<EndpointState>> endpoint_states_;  // "service identity"
    std::map<std::string, ServiceStatePtr> service_states_;
};

}  // namespace fairlead::model
