#include "control/redis/redis_panel.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::control {

void RedisPanel::stop() {
    is_stopped_ = true;
    if (client_) client_->stop();
}

aio::task<Checked<RedisPanel::Answer>> RedisPanel::ask_one(RedisNode node, RedisCommand command,
                                                           Check check) {
    const auto address = node.url.address;
    if (!client_ || client_->node().url.address != address)
        client_ = std::make_shared<RedisClient>(io_, std::move(node), timeout_);
    const auto client = client_;
    RedisCommands commands;
    commands.push_back(std::move(command));
    auto replies = co_await client->run(std::move(commands));
    if (!replies) co_return replies.error();
    const auto checked = check(replies->front());
    if (!checked) co_return checked.error();
    Answer answer;
    answer.reply = std::move(replies->front());
    answer.from = address;
    co_return answer;
}

aio::task<Checked<RedisPanel::Answer>> RedisPanel::ask(std::vector<RedisNode> nodes,
                                                       RedisCommand command, Check check) {
    if (client_) {
        const auto& last = client_->node().url.address;
        std::stable_partition(nodes.begin(), nodes.end(),
                              [&](const auto& node) { return node.url.address == last; });
    }
    Checked<Answer> answer = problem("Error connecting to redis: nobody is there to be asked");
    for (const auto& node : nodes) {
        if (is_stopped_) co_return problem("Error connecting to redis: shutting down");
        answer = co_await ask_one(node, command, check);
        if (answer) break;
    }
    co_return answer;
}

}  // namespace fairlead::control
