#include "control/store/redis_counters.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

/// The lines of INFO that change whenever any data does.
std::string counters_in(const std::string& info) {
    std::string out;
    for (const std::string_view name : {"run_id:", "rdb_changes_since_last_save:",
                                        "rdb_last_save_time:", "expired_keys:", "evicted_keys:"}) {
        const auto at = info.find(name);
        if (at == std::string::npos) continue;
        out.append(info, at, info.find('\r', at) - at).append(" ");
    }
    return out;
}

}  // namespace

aio::task<Checked<std::string>> change_counters(RedisDeployment& redis) {
    const auto masters = co_await redis.masters();
    if (!masters) co_return masters.error();
    std::string counters;
    for (const auto& master : *masters) {
        RedisCommands commands;
        commands.push_back({"INFO"});
        commands.push_back({"DBSIZE"});
        const auto replies = co_await redis.run_on(master, std::move(commands));
        if (!replies) co_return replies.error();
        if ((*replies)[0].is_error()) co_return std::string();
        counters.append(counters_in((*replies)[0].text));
        counters.append(fmt::format("keys:{} ", (*replies)[1].integer));
    }
    co_return counters;
}

aio::task<Checked<std::size_t>> count_keys(RedisDeployment& redis) {
    const auto masters = co_await redis.masters();
    if (!masters) co_return masters.error();
    std::size_t keys = 0;
    for (const auto& master : *masters) {
        RedisCommands commands;
        commands.push_back({"DBSIZE"});
        const auto replies = co_await redis.run_on(master, std::move(commands));
        if (!replies) co_return replies.error();
        keys += static_cast<std::size_t>(replies->front().integer);
    }
    co_return keys;
}

}  // namespace fairlead::control
