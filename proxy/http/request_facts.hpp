// What a route's conditions ask of an HTTP request: proxy/model/route_conditions.hpp.
//
// Threads: any (pure). Cost: three pointers; fields are looked at when a condition asks.
#pragma once

#include "proxy/http/message.hpp"
#include "proxy/model/route_conditions.hpp"

namespace fairlead::http {

/// Valid as long as the head is.
model::RequestFacts request_facts(const RequestHead& head) noexcept;

}  // namespace fairlead::http
