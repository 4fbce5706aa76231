// How one endpoint of a service is chosen. Implementations: proxy/balance.
//
// A policy is built once for a set of endpoints and is immutable after that; what changes per pick
// is the caller's Cursor. It knows no socket and no clock.
//
// Threads: any (immutable).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/model/endpoint_state.hpp"
#include "proxy/model/service_state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::model {

/// One endpoint of a service in a snapshot.
struct Endpoint {
    Address address;
    std::string name;  // to_string(address): for logs and admin
    std::uint32_t weight = 1;
    Origin origin;
    EndpointStatePtr state;
    SharedValue<StoredServer> stored = {};  // of the store's servers
};

struct PickInput {
    TimePoint now;
    // An endpoint that just failed this request and is not to be tried again; may be null.
    const EndpointState* avoid = nullptr;
    // When every endpoint is ejected, a likely failure beats a certain one.
    bool ignore_ejections = false;
    // Of the cookie that the policy asks for, Policy::cookie(); "": it has none.
    std::string_view cookie = {};

    bool allows(const Endpoint& endpoint) const noexcept {
        if (endpoint.state.get() == avoid) return false;
        if (endpoint.state->admission() != Admission::ready) return false;
        return ignore_ejections || !endpoint.state->is_ejected(now);
    }
};

class Policy {
public:
    virtual ~Policy() = default;

    /// The endpoint for one request, or null when `input` allows none. No allocation, O(endpoints)
    /// at worst.
    virtual const Endpoint* pick(const PickInput& input, Cursor& cursor) const = 0;

    /// The cookie that keeps a client with its endpoint; "": this policy keeps none.
    virtual std::string_view cookie() const noexcept { return {}; }
};

using PolicyPtr = std::unique_ptr<const Policy>;

/// As requests pick: one that is ejected only where there is no other.
inline const Endpoint* pick_endpoint(const Policy& policy, PickInput input, Cursor& cursor) {
    if (const auto* const endpoint = policy.pick(input, cursor)) return endpoint;
    input.ignore_ejections = true;
    return policy.pick(input, cursor);
}

/// Builds the policy of that name over `endpoints`, which outlive it and do not move. `plugins`:
/// the chain that chooses instead; null: none.
using PolicyFactory = std::function<Checked<PolicyPtr>(
    std::string_view name, const std::vector<Endpoint>& endpoints, const PluginChain* plugins)>;

}  // namespace fairlead::model
