// Starts a named coroutine that nobody awaits. What escapes it is logged and counted, never lost.
//
// Threads: one worker. Pass coroutine parameters by value, or references to what outlives the
// reactor's run(), which goes on until every spawned coroutine has ended.
#pragma once

#include "proxy/net/reactor.hpp"
#include "proxy/net/task.hpp"

#include <string_view>

namespace fairlead::net {

/// Runs it at once, as far as it goes. `name` must be a literal: it is kept, not copied.
void spawn(Reactor& reactor, std::string_view name, task<> coroutine);

}  // namespace fairlead::net
