// Starts a named coroutine that nobody awaits. What escapes it is logged and counted, never lost.
//
// Threads: the executor's own. Pass coroutine parameters by value, or references to what outlives
// the io_context's run().
#pragma once

#include "proxy/net/types.hpp"

#include <string_view>

namespace fairlead::net {

/// `name` must be a literal: it is kept, not copied.
void spawn(const executor& on, std::string_view name, task<> coroutine);

/// How many coroutines ended by an exception in this process; each is a defect.
std::uint64_t failed_coroutines() noexcept;

}  // namespace fairlead::net
