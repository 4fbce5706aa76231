// A route's rules as the admin endpoint shows them; only what the route has.
//
// Threads: control.
#pragma once

#include "proxy/model/route_rules.hpp"

#include <boost/json/object.hpp>

namespace fairlead::control {

boost::json::object rules_view(const model::RouteRules& rules);

}  // namespace fairlead::control
