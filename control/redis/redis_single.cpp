#include "control/redis/redis_single.hpp"

#include "control/redis/redis_transaction.hpp"

#include <utility>

namespace fairlead::control {

std::string RedisSingle::name() const {
    return model::to_string(client_.node().url.address);
}

aio::task<Checked<RedisReplies>> RedisSingle::run(RedisCommands commands) {
    return client_.run(std::move(commands));
}

aio::task<Checked<RedisReplies>> RedisSingle::run_atomically(RedisCommands commands) {
    auto replies = co_await client_.run(transaction_of(std::move(commands)));
    if (!replies) co_return replies.error();
    co_return results_of_transaction(std::move(*replies));
}

aio::task<Checked<std::vector<std::string>>> RedisSingle::masters() {
    co_return std::vector<std::string>(1, name());
}

aio::task<Checked<RedisReplies>> RedisSingle::run_on(std::string, RedisCommands commands) {
    return client_.run(std::move(commands));
}

Checked<RedisNode> RedisSingle::node_of(const std::string&) const {
    return client_.node();
}

}  // namespace fairlead::control
