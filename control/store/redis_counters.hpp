// What a Redis says of all its data in one answer: whether anything changed, how many keys there
// are.
//
// Threads: control. Cost: two commands, or one, for each master.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"

#include <cstddef>
#include <string>

namespace fairlead::control {

/// A text that is another one whenever any data is. Empty: this Redis does not tell (INFO may be
/// forbidden).
aio::task<Checked<std::string>> change_counters(RedisDeployment& redis);

/// Of all masters, whatever the keys are.
aio::task<Checked<std::size_t>> count_keys(RedisDeployment& redis);

}  // namespace fairlead::control
