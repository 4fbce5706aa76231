// What the store holds, as services and routes: Redx's keys in, a SourceState and its refusals out.
//
// A frontend "host" or "host/seg/.../" (with or without the last slash) is a route; a backend is a
// service; a server is an endpoint on port 80 unless it says another. What cannot be used is listed
// in SourceState::rejected with its key ("frontend:site.com/a/"); everything else goes on.
//
// Threads: any (pure). Cost: O(n log n) in the size of the contents.
#pragma once

#include "control/store.hpp"
#include "proxy/model/desired_state.hpp"

namespace fairlead::control {

/// `max_path_length`: how many path segments routes are matched by; deeper frontends never match.
model::SourceState routes_of(const StoreContents& contents, unsigned max_path_length);

}  // namespace fairlead::control
