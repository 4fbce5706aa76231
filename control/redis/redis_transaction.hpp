// MULTI, commands, EXEC: made, and read.
//
// Threads: any (functions of their arguments).
#pragma once

#include "control/redis/redis_reply.hpp"
#include "proxy/base/checked.hpp"

namespace fairlead::control {

RedisCommands transaction_of(RedisCommands commands);

/// What each command answered; a problem: the first refusal anywhere in it.
Checked<RedisReplies> results_of_transaction(RedisReplies replies);

}  // namespace fairlead::control
