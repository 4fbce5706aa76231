// One connection to a Redis: commands out, replies in, errors as values.
//
// Connects when first used and again after a failure; logs in (AUTH) and chooses the database
// (SELECT) by itself. The protocol is hiredis', the socket is ours.
//
// Threads: control. Several coroutines may call run(); they take turns.
#pragma once

#include "control/redis_url.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/types.hpp"

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
    /// `wheel` outlives it. `timeout`: for connecting, and for each run().
    RedisClient(net::IoContext& io, net::DeadlineWheel& wheel, RedisUrl url, Duration timeout);
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    /// Sends all, then reads a reply for each, in order. A problem: the connection failed, and
    /// nobody knows which of the commands were carried out; error replies are replies.
    net::task<Checked<std::vector<RedisReply>>> run(std::vector<RedisCommand> commands);

    /// Ends what is under way with a problem, and refuses everything after it.
    void stop();

    const RedisUrl& url() const noexcept { return url_; }

private:
    struct Reader;  // hiredis'
    struct Turn;

    net::task<Checked<>> connect();
    net::task<Checked<>> connect_socket();
    net::task<Checked<>> log_in();
    net::task<Checked<std::vector<RedisReply>>> exchange(std::vector<RedisCommand> commands);
    net::task<Checked<>> read_reply(RedisReply& reply);
    void close();
    Problem failed(net::error_code ec) const;
    static void on_deadline(void* self);

    net::IoContext& io_;
    const RedisUrl url_;
    const Duration timeout_;
    net::stream_socket socket_;
    net::Deadline deadline_;
    std::unique_ptr<Reader> reader_;
    bool is_ready_ = false;  // connected and logged in
    bool is_busy_ = false;
    bool is_stopped_ = false;
    net::timer turn_;  // never expires; cancelled whenever a turn ends
};

}  // namespace fairlead::control
