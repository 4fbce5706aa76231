#include "control/redis/redis_transaction.hpp"

#include <iterator>
#include <utility>

namespace fairlead::control {

RedisCommands transaction_of(RedisCommands commands) {
    commands.insert(commands.begin(), RedisCommand{"MULTI"});
    commands.push_back({"EXEC"});
    return commands;
}

Checked<RedisReplies> results_of_transaction(RedisReplies replies) {
    for (const auto& reply : replies) {
        if (reply.is_error()) return problem("{}", reply.text);
    }
    auto& results = replies.back();
    // MULTI and EXEC have replies of their own; each command between them has one in each place.
    if (results.type != RedisReply::Type::array || results.items.size() + 2 != replies.size())
        return problem("redis did not carry out the transaction");
    for (const auto& result : results.items) {
        if (result.is_error()) return problem("{}", result.text);
    }
    return std::move(results.items);
}

}  // namespace fairlead::control
