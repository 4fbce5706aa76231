// Redis' protocol, version 2: commands to bytes, bytes to replies. The parser is hiredis'.
//
// Threads: any (a reader belongs to its connection).
// Invariant: a reply never takes more than most_reply_bytes and most_reply_items, whatever its
// sender claims; what exceeds them is a problem, after which the connection is of no use.
#pragma once

#include "control/redis/redis_reply.hpp"
#include "proxy/base/checked.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::control {

constexpr std::size_t most_reply_bytes = 64 * 1024 * 1024;
constexpr std::size_t most_reply_items = 1024 * 1024;  // of all its arrays together

std::string wire_form(const RedisCommand& command);

class RedisReader {
public:
    RedisReader();
    ~RedisReader();

    void feed(std::string_view bytes);

    /// None: it takes more bytes.
    Checked<std::optional<RedisReply>> next();

private:
    struct Parser;

    std::unique_ptr<Parser> parser_;
};

}  // namespace fairlead::control
