// What goes to a Redis and what comes back.
//
// Threads: any (values).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::control {

using RedisCommand = std::vector<std::string>;  // {"SET", "key", "value"}
using RedisCommands = std::vector<RedisCommand>;

struct RedisReply {
    enum class Type : std::uint8_t { nil, status, error, integer, text, array };

    Type type = Type::nil;
    std::string text;  // status, error, text
    std::int64_t integer = 0;
    std::vector<RedisReply> items;  // array

    bool is_error() const noexcept { return type == Type::error; }
    bool is_nil() const noexcept { return type == Type::nil; }
};

using RedisReplies = std::vector<RedisReply>;

}  // namespace fairlead::control
