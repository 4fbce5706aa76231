// One connection to a Redis: commands out, replies in, errors as values.
//
// Connects when first used and again after a failure; logs in (AUTH) and chooses the database
// (SELECT) by itself. The protocol is hiredis', the socket is ours.
//
// Threads: control. Several coroutines may call run(); they take turns.
#pragma once

#include "control/redis_url.hpp"
#include "proxy/aio/alarm.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::control {

using RedisCommand = std::vector<std::string>;  // {"SET", "key", "value"}

struct RedisReply {
    enum class Type : std::uint8_t { nil, status, error, integer, text, array };

    Type type = Type::nil;
    std::string text;  // status, error, text
    std::int64_t integer = 0;
    std::vector<RedisReply> items;  // array

    bool is_error() const noexcept { return type == Type::error; }
    bool is_nil() const noexcept { return type == Type::nil; }
};

class RedisClient {
public:
    /// `timeout`: for connecting, and for each run().
    RedisClient(aio::IoContext& io, RedisUrl url, Duration timeout);
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    /// Sends all, then reads a reply for each, in order. A problem: the connection failed, and
    /// nobody knows which of the commands were carried out; error replies are replies.
    aio::task<Checked<std::vector<RedisReply>>> run(std::vector<RedisCommand> commands);

    /// Ends what is under way with a problem, and refuses everything after it.
    void stop();

    const RedisUrl& url() const noexcept { return url_; }

private:
    struct Reader;  // hiredis'
    struct Turn;

    aio::task<Checked<>> connect();
    aio::task<Checked<>> connect_socket();
    aio::task<Checked<>> log_in();
    aio::task<Checked<std::vector<RedisReply>>> exchange(std::vector<RedisCommand> commands);
    aio::task<Checked<>> read_reply(RedisReply& reply);
    void close();
    Problem failed(aio::error_code ec) const;

    aio::IoContext& io_;
    const RedisUrl url_;
    const Duration timeout_;
    aio::stream_socket socket_;
    aio::Alarm deadline_;
    std::unique_ptr<Reader> reader_;
    bool is_ready_ = false;  // connected and logged in
    bool is_busy_ = false;
    bool is_stopped_ = false;
    aio::timer turn_;  // never expires; cancelled whenever a turn ends
};

}  // namespace fairlead::control
