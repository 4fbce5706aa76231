#include "control/redis/redis_sentinel.hpp"

#include "control/redis/redis_client.hpp"
#include "control/redis/redis_panel.hpp"
#include "control/redis/redis_transaction.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/aio/turns.hpp"
#include "proxy/base/log.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration watch_interval = 500ms;
constexpr Duration longest_question = 1s;  // to one sentinel

std::uint16_t port_of(const std::string& text) {
    std::uint16_t port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

/// SENTINEL get-master-addr-by-name: two texts, or nil for a name it does not know.
Checked<> check_address(const RedisReply& reply) {
    if (reply.is_error())
        return problem("Error connecting to redis: a sentinel says {}", reply.text);
    if (reply.items.size() == 2 && port_of(reply.items[1].text) != 0) return {};
    return problem("Error connecting to redis: the sentinels know no master of that name");
}

/// READONLY, and what a node without its master says.
bool is_demoted(const RedisReply& reply) {
    if (reply.is_error())
        return reply.text.starts_with("READONLY") || reply.text.starts_with("MASTERDOWN");
    return std::any_of(reply.items.begin(), reply.items.end(), is_demoted);
}

}  // namespace

struct RedisSentinel::State {
    State(aio::IoContext& context, const RedisTarget& from)
        : io(context),
          target(from),
          panel(context, std::min(from.timeout, longest_question)),
          turns(context.get_executor()),
          connecting(context.get_executor()),
          timer(context.get_executor()) {}

    static aio::task<> watch(std::shared_ptr<State> state);

    aio::task<Checked<>> ask_sentinels();
    aio::task<Checked<>> find_master();
    aio::task<Checked<>> connect();
    aio::task<Checked<std::shared_ptr<RedisClient>>> master();
    void hang_up(const std::string& why);
    void forget(const std::shared_ptr<RedisClient>& who);
    void note(const std::string& why);

    aio::IoContext& io;
    const RedisTarget target;
    RedisPanel panel;
    aio::Turns turns;       // of asking
    aio::Turns connecting;  // to who is named
    aio::timer timer;       // of the watch
    model::Address named;
    std::shared_ptr<RedisClient> client;  // of a master whose ROLE we have seen; null: look for one
    std::string last_problem;             // why no sentinel answers
    std::shared_ptr<RedisClient> candidate;  // whose ROLE is being asked for
    std::uint64_t generation = 0;
    bool is_watched = false;
    bool is_stopped = false;
};

void RedisSentinel::State::hang_up(const std::string& why) {
    if (client) client->stop(why);
    if (candidate) candidate->stop(why);
    client.reset();
}

void RedisSentinel::State::forget(const std::shared_ptr<RedisClient>& who) {
    if (client == who) client.reset();
}

/// They may be away for long without anybody's notice: as long as the master is there.
void RedisSentinel::State::note(const std::string& why) {
    const bool is_news = why.empty() != last_problem.empty();
    last_problem = why;
    if (!is_news || is_stopped) return;
    const auto master = log::kv("master", target.sentinels->master);
    if (why.empty()) {
        log::info("redis.sentinels_answer", master);
    } else {
        log::warn("redis.sentinels_unavailable", master, log::kv("why", why));
    }
}

/// Sets `named`; where that is news, what goes on with the old master is over. The caller has the
/// turn.
aio::task<Checked<>> RedisSentinel::State::ask_sentinels() {
    RedisCommand question(2);
    question[0] = "SENTINEL";
    question[1] = "get-master-addr-by-name";
    question.push_back(target.sentinels->master);
    auto answer = co_await panel.ask(target.sentinels->nodes, std::move(question), check_address);
    note(answer.has_value() ? std::string() : answer.error().text());
    if (!answer) co_return answer.error();
    const auto& words = answer->reply.items;
    auto address = model::Address::tcp(words[0].text, port_of(words[1].text));
    if (address == named) co_return Checked<>{};
    named = std::move(address);
    ++generation;
    log::info("redis.master_named", log::kv("master", target.sentinels->master),
              log::kv("address", model::to_string(named)));
    hang_up("the master is another one now");
    co_return Checked<>{};
}

/// Asks, without doing so at the same time as the watch.
aio::task<Checked<>> RedisSentinel::State::find_master() {
    const auto turn = co_await turns.take();
    if (is_stopped) co_return problem("Error connecting to redis: shutting down");
    const auto asked = co_await ask_sentinels();
    co_return asked;
}

/// The watch goes on meanwhile: that ends it where another master is named.
aio::task<Checked<>> RedisSentinel::State::connect() {
    auto node = target.node;
    node.url.address = named;
    candidate = std::make_shared<RedisClient>(io, std::move(node), target.timeout);
    const auto fresh = candidate;
    RedisCommands role(1, RedisCommand(1, "ROLE"));
    const auto replies = co_await fresh->run(std::move(role));
    candidate.reset();
    if (!replies) co_return replies.error();
    const auto& reply = replies->front();
    // Its user may not be allowed to ask: then READONLY is what tells.
    const bool is_secret = reply.is_error() && reply.text.starts_with("NOPERM");
    const bool is_master = !reply.items.empty() && reply.items[0].text == "master";
    if (!is_master && !is_secret)
        co_return problem("Error connecting to redis: {} is named as master and is none",
                          model::to_string(fresh->node().url.address));
    if (is_stopped) co_return problem("Error connecting to redis: shutting down");
    if (fresh->node().url.address == named) client = fresh;
    co_return Checked<>{};
}

aio::task<Checked<std::shared_ptr<RedisClient>>> RedisSentinel::State::master() {
    if (client && !is_stopped) co_return client;
    const auto turn = co_await connecting.take();
    // Another one may be named while we connect: once more, then, and at once.
    for (const bool is_last_try : {false, true}) {
        if (client && !is_stopped) co_return client;
        const auto found = co_await find_master();
        if (!found) co_return found.error();
        const auto before = generation;
        const auto connected = co_await connect();
        const bool is_other = generation != before;
        if (!connected && (is_last_try || !is_other)) co_return connected.error();
    }
    if (client && !is_stopped) co_return client;
    co_return problem("Error connecting to redis: the master is another one now");
}

RedisSentinel::RedisSentinel(aio::IoContext& io, const RedisTarget& target)
    : state_(std::make_shared<State>(io, target)) {}

RedisSentinel::~RedisSentinel() {
    stop();
}

aio::task<> RedisSentinel::State::watch(std::shared_ptr<State> state) {
    while (!state->is_stopped) {
        state->timer.expires_after(watch_interval);
        co_await state->timer.async_wait();
        const auto turn = co_await state->turns.take();
        // A problem is told to whoever needs a master.
        if (!state->is_stopped) (void)co_await state->ask_sentinels();
    }
}

std::shared_ptr<RedisSentinel::State> RedisSentinel::watched() {
    if (!state_->is_watched) {
        state_->is_watched = true;
        auto watching = State::watch(state_);
        aio::spawn(state_->io.get_executor(), "redis.watch", std::move(watching));
    }
    return state_;
}

void RedisSentinel::stop() {
    state_->is_stopped = true;
    state_->panel.stop();
    state_->hang_up("shutting down");
    state_->timer.cancel();
}

std::uint64_t RedisSentinel::generation() const noexcept {
    return state_->generation;
}

std::string RedisSentinel::name() const {
    const auto& master = state_->target.sentinels->master;
    if (state_->generation == 0) return master;
    return fmt::format("{} at {}", master, model::to_string(state_->named));
}

aio::task<Checked<RedisReplies>> RedisSentinel::run(RedisCommands commands) {
    const auto state = watched();
    for (const bool is_last_try : {false, true}) {
        const auto master = co_await state->master();
        if (!master) co_return master.error();
        auto replies = co_await (*master)->run(commands);
        if (!replies) state->forget(*master);
        if (!replies || is_last_try) co_return replies;
        if (std::none_of(replies->begin(), replies->end(), is_demoted)) co_return replies;
        state->forget(*master);
    }
    co_return problem("Error connecting to redis: there is no master");
}

aio::task<Checked<RedisReplies>> RedisSentinel::run_atomically(RedisCommands commands) {
    auto replies = co_await run(transaction_of(std::move(commands)));
    if (!replies) co_return replies.error();
    co_return results_of_transaction(std::move(*replies));
}

aio::task<Checked<std::vector<std::string>>> RedisSentinel::masters() {
    const auto state = watched();
    const auto master = co_await state->master();
    if (!master) co_return master.error();
    co_return std::vector<std::string>(1, model::to_string(state->named));
}

aio::task<Checked<RedisReplies>> RedisSentinel::run_on(std::string master, RedisCommands commands) {
    const auto now = co_await masters();
    if (!now) co_return now.error();
    if (now->front() != master) co_return problem("{} is no longer the master", master);
    auto replies = co_await run(std::move(commands));
    co_return replies;
}

Checked<RedisNode> RedisSentinel::node_of(const std::string& master) const {
    if (model::to_string(state_->named) != master)
        return problem("{} is no longer the master", master);
    auto node = state_->target.node;
    node.url.address = state_->named;
    return node;
}

}  // namespace fairlead::control
