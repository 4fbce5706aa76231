// One connection to one Redis, logged in: bytes out, replies in, errors as values.
//
// Threads: control. One coroutine sends and one receives; both may be the same.
#pragma once

#include "control/redis/redis_protocol.hpp"
#include "control/redis/redis_target.hpp"
#include "proxy/aio/alarm.hpp"
#include "proxy/aio/client_stream.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"

#include <array>
#include <optional>
#include <string>

namespace fairlead::control {

class RedisConnection {
public:
    RedisConnection(aio::IoContext& io, RedisNode node);

    /// Connects and logs in (AUTH, SELECT). Closes first what was open.
    aio::task<Checked<>> open();

    /// Sends all, then reads a reply for each, in order.
    aio::task<Checked<RedisReplies>> exchange(RedisCommands commands);

    aio::task<Checked<>> send(RedisCommands commands);
    aio::task<Checked<>> receive(RedisReply& reply);

    void close();

    /// From now on what is under way ends with a problem after that time, and the connection with
    /// it.
    void limit_time(Duration time) { deadline_.arm(time); }
    void lift_limit() { deadline_.disarm(); }

    /// Logged in, and nothing has come that nobody asked for.
    bool is_ready();

    const RedisNode& node() const noexcept { return node_; }

private:
    aio::task<Checked<>> log_in();
    Problem failed(aio::error_code ec) const;

    static constexpr std::size_t read_size = 64 * 1024;

    const RedisNode node_;
    aio::ClientStream stream_;
    aio::Alarm deadline_;
    std::optional<RedisReader> reader_;
    std::unique_ptr<std::array<char, read_size>> buffer_;
    bool was_connected_ = false;  // since the last open()
    bool is_ready_ = false;
};

}  // namespace fairlead::control
