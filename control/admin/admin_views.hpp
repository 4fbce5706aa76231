// What the admin endpoint tells about a snapshot, as JSON.
//
// Threads: control (any thread that holds the snapshot could call them; nothing is written).
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/snapshot.hpp"

#include <boost/json/object.hpp>

#include <string_view>

namespace fairlead::control {

/// Every route with its origin; those that lost to another; what was rejected and why.
boost::json::object routes_view(const model::Snapshot& snapshot, const model::Catalog& catalog);

/// Every service with its settings and endpoints, and what was rejected. `wall_now`: the same
/// moment as `now`.
boost::json::object services_view(const model::Snapshot& snapshot, const model::Catalog& catalog,
                                  TimePoint now, WallTime wall_now);

/// One element of services_view's list.
boost::json::object service_view(const model::Service& service, TimePoint now, WallTime wall_now);

// Parts of the above.
boost::json::object origin_view(const model::Origin& origin);
boost::json::object route_view(const model::RouteSpec& route);
/// Of the service's endpoint number `index`.
boost::json::object endpoint_view(const model::Service& service, std::size_t index, TimePoint now,
                                  WallTime wall_now);

/// "ready", "starting", "unhealthy", "paused", "draining" or "ejected".
std::string_view endpoint_state_name(const model::Endpoint& endpoint, TimePoint now) noexcept;

}  // namespace fairlead::control
