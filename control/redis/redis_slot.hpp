// Which of a cluster's 16384 hash slots a key is in (Redis Cluster specification, "Key
// distribution model").
//
// Threads: any (functions of their arguments).
#pragma once

#include "control/redis/redis_reply.hpp"

#include <cstdint>
#include <string_view>

namespace fairlead::control {

constexpr std::uint16_t slot_count = 16384;

/// Of what is between the first { and the next }, if that is not empty; else of the whole key.
std::uint16_t slot_of_key(std::string_view key) noexcept;

/// The key of a command: its second word; of EVAL and EVALSHA the fourth. Empty: it has none.
std::string_view key_of(const RedisCommand& command) noexcept;

}  // namespace fairlead::control
