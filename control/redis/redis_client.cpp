#include "control/redis/redis_client.hpp"

#include <utility>

namespace fairlead::control {

RedisClient::RedisClient(aio::IoContext& io, RedisNode node, Duration timeout)
    : timeout_(timeout), connection_(io, std::move(node)), turns_(io.get_executor()) {}

void RedisClient::stop(std::string why) {
    stopped_ = std::move(why);
    connection_.close();
}

aio::task<Checked<RedisReplies>> RedisClient::run(RedisCommands commands) {
    const auto deadline = Clock::now() + timeout_;
    const auto turn = co_await turns_.take();
    if (stopped_) co_return problem("Error connecting to redis: {}", *stopped_);
    const auto left = deadline - Clock::now();
    if (left <= Duration::zero()) co_return problem("Error connecting to redis: timeout");
    connection_.limit_time(left);
    auto replies = co_await run_now(std::move(commands));
    connection_.lift_limit();
    if (!replies) connection_.close();
    if (!replies && stopped_) co_return problem("Lost the connection to redis: {}", *stopped_);
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
