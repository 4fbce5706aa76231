// Redx's (and Hipache's) keys in a Redis: which commands write them, and how they are read.
//
// frontend:<url> is a string, backend:<name> a hash; with `lists`, frontend:<host> may be a list
// and dead:<host> a set. A key of another type, or one too large to be of use, is read as a refusal
// with its reason.
//
// Threads: control.
// Cost: one command a key; two for one that is gone, up to three for a frontend that is no string.
// Never KEYS.
#pragma once

#include "control/redis/redis_deployment.hpp"
#include "control/store/store_image.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::control {

enum class HipacheLists : std::uint8_t { refused, served };

inline constexpr std::string_view dead_prefix = "dead:";

RedisCommand command_for(const StoreChange& change);

/// What HGETALL answered.
Backend backend_of(RedisReply hash);

/// Those two families and nothing else; SCAN on each master, then read_keys().
aio::task<Checked<StoreImage>> read_image(RedisDeployment& redis, HipacheLists lists);

/// A reading for each of those keys, in pipelines. A problem is the connection's, or Redis will not
/// let us read; what is wrong with a key is its reading.
aio::task<Checked<std::vector<KeyReading>>> read_keys(RedisDeployment& redis,
                                                      std::vector<std::string> keys,
                                                      HipacheLists lists);

}  // namespace fairlead::control
