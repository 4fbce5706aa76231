#include "control/redis/redis_client.hpp"

#include <utility>

namespace fairlead::control {

// Held by the one coroutine that uses the connection.
struct RedisClient::Turn {
    explicit Turn(RedisClient& owner) : client(owner) { client.is_busy_ = true; }
    ~Turn() {
        client.connection_.lift_limit();
        client.is_busy_ = false;
        client.turn_.cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    RedisClient& client;
};

RedisClient::RedisClient(aio::IoContext& io, RedisNode node, Duration timeout)
    : timeout_(timeout),
      connection_(io, std::move(node)),
      turn_(io.get_executor(), TimePoint::max()) {}

void RedisClient::stop() {
    is_stopped_ = true;
    connection_.close();
}

aio::task<Checked<RedisReplies>> RedisClient::run(RedisCommands commands) {
    const auto deadline = Clock::now() + timeout_;
    while (is_busy_) co_await turn_.async_wait();
    if (is_stopped_) co_return problem("Error connecting to redis: shutting down");
    const auto left = deadline - Clock::now();
    if (left <= Duration::zero()) co_return problem("Error connecting to redis: timeout");
    const Turn turn(*this);
    connection_.limit_time(left);
    auto replies = co_await run_now(std::move(commands));
    if (!replies) connection_.close();
    co_return replies;
}

aio::task<Checked<RedisReplies>> RedisClient::run_now(RedisCommands commands) {
    // A connection that died while it was idle is not worth a failed command.
    if (!connection_.is_ready()) {
        const auto opened = co_await connection_.open();
        if (!opened) co_return opened.error();
    }
    auto replies = co_await connection_.exchange(std::move(commands));
    co_return replies;
}

}  // namespace fairlead::control
