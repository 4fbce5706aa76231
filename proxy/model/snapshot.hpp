// Everything a worker needs to route and balance, as one immutable whole.
//
// Compiled on the control thread, posted to each worker; a request sees exactly one from routing to
// its log line. What a change did not touch is shared with the snapshot before. Facts that change
// faster than configuration live behind it, in EndpointState and ServiceState, which are carried
// over by identity and by name.
//
// Threads: any (immutable).
#pragma once

#include "proxy/model/catalog.hpp"
#include "proxy/model/policy.hpp"
#include "proxy/model/rate_table.hpp"
#include "proxy/model/route_table.hpp"
#include "proxy/model/service_state.hpp"
#include "proxy/model/shared_table.hpp"

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
    std::string_view cookie;  // the policy's
    ServiceStatePtr state;

    /// Null: `settings.policy` chooses.
    const PluginChain* plugins() const noexcept {
        return spec.settings ? nullptr : spec.plugins.get();
    }

    std::string_view key() const noexcept { return spec.name; }
};
using ServicePtr = std::shared_ptr<const Service>;

/// "p2c", or the chain of plugins that chooses instead.
inline std::string policy_text(const Service& service) {
    const auto* const plugins = service.plugins();
    return plugins == nullptr ? service.settings.policy : to_string(*plugins);
}

struct Match {
    const RouteSpec* route = nullptr;  // null: no route
    const Service* service =
        nullptr;  // null: no source defines the route's service, or it has none
    const RouteTable::Entry* entry = nullptr;  // the route in the table
};

class Snapshot {
public:
    std::uint64_t version() const noexcept { return version_; }

    /// See RouteTable::find. The result points into the snapshot.
    Match match(std::string_view host, std::string_view path,
                const RequestFacts* request = nullptr) const noexcept;
    /// The service of share number `share` of that route's split. Null: no source defines it.
    const Service* share(const RouteTable::Entry& entry, std::size_t share) const noexcept {
        return services_.find(entry.route.rules->split.shares[share].service,
                              entry.share_hashes[share]);
    }
    /// Where requests go that nobody else answers; null: there is none.
    const Service* fallback() const noexcept { return fallback_.get(); }
    /// Null where no route has a rate limit.
    RateTable* rate_table() const noexcept { return rate_table_.get(); }

    const RouteTable& routes() const noexcept { return routes_; }
    const SharedTable<Service>& services() const noexcept { return services_; }

private:
    friend class SnapshotCompiler;

    std::uint64_t version_ = 0;
    RouteTable routes_;
    SharedTable<Service> services_;
    ServicePtr fallback_;  // one of them
    std::shared_ptr<RateTable> rate_table_;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// Turns changes into snapshots, one after the other, and keeps what must outlive them.
///
/// Threads: control. Cost of compile(): in the size of the change.
class SnapshotCompiler {
public:
    SnapshotCompiler(PolicyFactory make_policy, std::size_t workers);

    /// Requires: every policy that `change` names exists (the reconciler has checked it). Sets
    /// admission, gone and cut times in the endpoints' states as of `now`.
    SnapshotPtr compile(const CatalogChange& change, TimePoint now);

    const SnapshotPtr& current() const noexcept { return current_; }

private:
    void set_service(Snapshot& next, const CatalogChange::ServiceChange& change, TimePoint now);
    ServicePtr make_service(const ServiceSpec& spec, const Service* before, TimePoint now);
    void retire(const Service& before, const Service* after, TimePoint now);
    ServiceStatePtr service_state(const std::string& name, const Service* before);
    EndpointStatePtr endpoint_state(const std::string& service, const EndpointSpec& spec);
    const std::shared_ptr<RateTable>& rate_table(TimePoint now);

    PolicyFactory make_policy_;
    std::size_t workers_;
    std::uint64_t next_version_ = 1;
    SnapshotPtr current_;
    std::shared_ptr<RateTable> rate_table_;  // from the first rate limit on
    // What no service has any more, but an older snapshot or a request may still use: should it
    // come back, its counts go on.
    std::map<std::string, std::weak_ptr<EndpointState>> retired_endpoints_;  // "service identity"
    std::map<std::string, std::weak_ptr<ServiceState>> retired_services_;
};

}  // namespace fairlead::model
