// Starts a named coroutine that nobody awaits. What escapes it is logged and counted, never lost.
//
// Threads: the executor's own. Pass coroutine parameters by value, or references to what outlives
// the io_context's run().
#pragma once

#include "proxy/aio/types.hpp"

#include <string_view>

namespace fairlead::aio {

/// `name` must be a literal: it is kept, not copied.
void spawn(const executor& on, std::string_view name, task<> coroutine);

}  // namespace fairlead::aio
