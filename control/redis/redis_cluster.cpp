#include "control/redis/redis_cluster.hpp"

#include "control/redis/redis_client.hpp"
#include "control/redis/redis_panel.hpp"
#include "control/redis/redis_slot.hpp"
#include "control/redis/redis_slot_map.hpp"
#include "control/redis/redis_transaction.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/aio/turns.hpp"
#include "proxy/base/log.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration watch_interval = 500ms;
constexpr Duration longest_question = 1s;  // to one node
constexpr Duration before_another_try = 50ms;
constexpr unsigned most_rounds = 8;  // of redirections, for one command

Checked<> check_slots(const RedisReply& reply) {
    if (reply.is_error()) return problem("Error connecting to redis: {}", reply.text);
    if (reply.items.empty()) return problem("Error connecting to redis: it serves no slots");
    return {};
}

bool is_flush(const RedisCommand& command) {
    return command[0] == "FLUSHDB";
}

}  // namespace

struct RedisCluster::State {
    State(aio::IoContext& context, const RedisTarget& from)
        : io(context),
          target(from),
          panel(context, std::min(from.timeout, longest_question)),
          turns(context.get_executor()),
          timer(context.get_executor()) {}

    static aio::task<> watch(std::shared_ptr<State> state);

    RedisNode node_at(const model::Address& address) const;
    std::shared_ptr<RedisClient> client_of(const model::Address& address);
    aio::task<Checked<>> read_map();
    aio::task<Checked<>> refresh(bool is_needed);
    void adopt(RedisSlotMap fresh);

    aio::IoContext& io;
    const RedisTarget target;
    RedisPanel panel;
    aio::Turns turns;  // of asking
    aio::timer timer;  // of the watch
    RedisSlotMap map;
    std::map<model::Address, std::shared_ptr<RedisClient>> clients;
    std::uint64_t generation = 0;  // 0: nothing is known yet
    bool is_stale = true;
    bool is_watched = false;
    bool is_stopped = false;
};

// What goes to one slot in one piece: a command, or a transaction.
struct RedisCluster::Parcel {
    std::uint16_t slot;
    RedisCommands commands;
    std::vector<std::size_t> places;  // of its commands among the caller's
    std::optional<RedisRedirect> redirect = std::nullopt;
    RedisReplies replies = {};
    bool is_done = false;

    void take(RedisReplies got, const model::Address& from);
};

/// Its replies, unless they say that it has to go somewhere else: then nothing of it was done.
void RedisCluster::Parcel::take(RedisReplies got, const model::Address& from) {
    replies = std::move(got);
    is_done = true;
    redirect.reset();
    for (const auto& reply : replies) {
        if (!reply.is_error()) continue;
        redirect = redirect_in(reply.text, from);
        const bool is_too_early =
            reply.text.starts_with("TRYAGAIN") || reply.text.starts_with("READONLY");
        if (!redirect && !is_too_early) continue;
        is_done = false;
        break;
    }
}

RedisNode RedisCluster::State::node_at(const model::Address& address) const {
    auto node = target.node;
    node.url.address = address;
    return node;
}

std::shared_ptr<RedisClient> RedisCluster::State::client_of(const model::Address& address) {
    auto& client = clients[address];
    if (!client) client = std::make_shared<RedisClient>(io, node_at(address), target.timeout);
    return client;
}

void RedisCluster::State::adopt(RedisSlotMap fresh) {
    is_stale = false;
    if (fresh == map) return;
    map = std::move(fresh);
    ++generation;
    log::info("redis.cluster_changed", log::kv("masters", map.masters().size()));
    std::erase_if(clients, [this](const auto& entry) {
        const auto& masters = map.masters();
        if (std::binary_search(masters.begin(), masters.end(), entry.first)) return false;
        entry.second->stop("it is no longer a master of the cluster");
        return true;
    });
}

/// The caller has the turn.
aio::task<Checked<>> RedisCluster::State::read_map() {
    std::vector<RedisNode> nodes;
    for (const auto& master : map.masters()) nodes.push_back(node_at(master));
    nodes.insert(nodes.end(), target.cluster->seeds.begin(), target.cluster->seeds.end());
    RedisCommand question(1, "CLUSTER");
    question.push_back("SLOTS");
    auto answer = co_await panel.ask(std::move(nodes), std::move(question), check_slots);
    if (!answer) co_return answer.error();
    auto fresh = RedisSlotMap::read(answer->reply, answer->from);
    if (!fresh) co_return fresh.error();
    adopt(std::move(*fresh));
    co_return Checked<>{};
}

/// `is_needed`: also where what is known may still be right.
aio::task<Checked<>> RedisCluster::State::refresh(bool is_needed) {
    if (!is_needed && !is_stale && !is_stopped) co_return Checked<>{};
    const auto turn = co_await turns.take();
    if (is_stopped) co_return problem("Error connecting to redis: shutting down");
    if (!is_needed && !is_stale) co_return Checked<>{};
    const auto done = co_await read_map();
    co_return done;
}

RedisCluster::RedisCluster(aio::IoContext& io, const RedisTarget& target)
    : state_(std::make_shared<State>(io, target)) {}

RedisCluster::~RedisCluster() {
    stop();
}

aio::task<> RedisCluster::State::watch(std::shared_ptr<State> state) {
    while (!state->is_stopped) {
        state->timer.expires_after(watch_interval);
        co_await state->timer.async_wait();
        // A problem is told to whoever needs the answer.
        if (!state->is_stopped) (void)co_await state->refresh(true);
    }
}

std::shared_ptr<RedisCluster::State> RedisCluster::watched() {
    if (!state_->is_watched) {
        state_->is_watched = true;
        auto watching = State::watch(state_);
        aio::spawn(state_->io.get_executor(), "redis.watch", std::move(watching));
    }
    return state_;
}

void RedisCluster::stop() {
    state_->is_stopped = true;
    state_->panel.stop();
    for (const auto& [address, client] : state_->clients) client->stop();
    state_->timer.cancel();
}

std::uint64_t RedisCluster::generation() const noexcept {
    return state_->generation;
}

std::string RedisCluster::name() const {
    return fmt::format("cluster of {}", model::to_string(state_->target.node.url.address));
}

/// Sends each parcel to who has its slot, and again to where it is referred to, until all have
/// arrived.
aio::task<Checked<>> RedisCluster::deliver(std::shared_ptr<State> state,
                                           std::vector<Parcel>& parcels) {
    for (unsigned round = 0; round < most_rounds; ++round) {
        const auto refreshed = co_await state->refresh(false);
        if (!refreshed) co_return refreshed;
        std::map<model::Address, std::vector<Parcel*>> routes;
        bool has_waiting = false;
        for (auto& parcel : parcels) {
            if (parcel.is_done) continue;
            const auto* const owner = state->map.master_of(parcel.slot);
            if (owner == nullptr && !parcel.redirect)
                co_return problem("CLUSTERDOWN nobody serves slot {}", parcel.slot);
            routes[parcel.redirect ? parcel.redirect->to : *owner].push_back(&parcel);
            has_waiting = has_waiting || (round > 0 && !parcel.redirect);
        }
        if (routes.empty()) co_return Checked<>{};
        if (has_waiting) {
            aio::timer pause(state->io.get_executor(), before_another_try);
            co_await pause.async_wait();
        }
        for (const auto& [address, load] : routes) {
            const auto sent = co_await send(state, address, load);
            if (!sent) co_return sent;
        }
    }
    co_return problem("the cluster's nodes refer to each other for more than {} times",
                      most_rounds);
}

/// As one pipeline.
aio::task<Checked<>> RedisCluster::send(std::shared_ptr<State> state, model::Address address,
                                        std::vector<Parcel*> load) {
    const auto client = state->client_of(address);
    RedisCommands commands;
    for (const auto* parcel : load) {
        if (parcel->redirect && parcel->redirect->is_ask) commands.push_back({"ASKING"});
        commands.insert(commands.end(), parcel->commands.begin(), parcel->commands.end());
    }
    auto replies = co_await client->run(std::move(commands));
    if (!replies) {
        state->is_stale = true;
        co_return replies.error();
    }
    auto at = replies->begin();
    for (auto* parcel : load) {
        if (parcel->redirect && parcel->redirect->is_ask) ++at;
        const auto end = at + static_cast<std::ptrdiff_t>(parcel->commands.size());
        RedisReplies own(std::make_move_iterator(at), std::make_move_iterator(end));
        parcel->take(std::move(own), address);
        at = end;
        const bool is_moved = !parcel->is_done && !(parcel->redirect && parcel->redirect->is_ask);
        state->is_stale = state->is_stale || is_moved;
    }
    co_return Checked<>{};
}

/// Every master's: the first that is not OK.
aio::task<Checked<RedisReply>> RedisCluster::flush() {
    const auto names = co_await masters();
    if (!names) co_return names.error();
    RedisReply answer;
    for (const auto& name : *names) {
        RedisCommands commands(1, RedisCommand(1, "FLUSHDB"));
        auto replies = co_await run_on(name, std::move(commands));
        if (!replies) co_return replies.error();
        if (!answer.is_error()) answer = std::move(replies->front());
    }
    co_return answer;
}

/// The replies to commands that all have keys.
aio::task<Checked<RedisReplies>> RedisCluster::run_by_slot(RedisCommands commands,
                                                           bool atomically) {
    std::vector<Parcel> parcels;
    std::map<std::uint16_t, std::size_t> parcel_of;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const auto slot = slot_of_key(key_of(commands[i]));
        const auto [found, is_new] = parcel_of.try_emplace(slot, parcels.size());
        if (is_new || !atomically) parcels.push_back(Parcel{slot, {}, {}});
        auto& parcel = atomically ? parcels[found->second] : parcels.back();
        parcel.commands.push_back(std::move(commands[i]));
        parcel.places.push_back(i);
    }
    if (atomically) {
        for (auto& parcel : parcels) parcel.commands = transaction_of(std::move(parcel.commands));
    }
    const auto delivered = co_await deliver(watched(), parcels);
    if (!delivered) co_return delivered.error();
    RedisReplies replies(commands.size());
    for (auto& parcel : parcels) {
        auto results = atomically ? results_of_transaction(std::move(parcel.replies))
                                  : Checked<RedisReplies>(std::move(parcel.replies));
        if (!results) co_return results.error();
        for (std::size_t i = 0; i < parcel.places.size(); ++i)
            replies[parcel.places[i]] = std::move((*results)[i]);
    }
    co_return replies;
}

/// In pieces: what is before a FLUSHDB, it, and what is after it.
aio::task<Checked<RedisReplies>> RedisCluster::run_all(RedisCommands commands, bool atomically) {
    RedisReplies replies;
    RedisCommands piece;
    for (std::size_t i = 0; i <= commands.size(); ++i) {
        const bool is_end = i == commands.size();
        if (!is_end && !is_flush(commands[i])) {
            piece.push_back(std::move(commands[i]));
            continue;
        }
        if (!piece.empty()) {
            auto taken = std::exchange(piece, RedisCommands());
            auto results = co_await run_by_slot(std::move(taken), atomically);
            if (!results) co_return results.error();
            std::move(results->begin(), results->end(), std::back_inserter(replies));
        }
        if (is_end) break;
        auto flushed = co_await flush();
        if (!flushed) co_return flushed.error();
        if (atomically && flushed->is_error()) co_return problem("{}", flushed->text);
        replies.push_back(std::move(*flushed));
    }
    co_return replies;
}

aio::task<Checked<RedisReplies>> RedisCluster::run(RedisCommands commands) {
    return run_all(std::move(commands), false);
}

aio::task<Checked<RedisReplies>> RedisCluster::run_atomically(RedisCommands commands) {
    return run_all(std::move(commands), true);
}

aio::task<Checked<std::vector<std::string>>> RedisCluster::masters() {
    const auto state = watched();
    const auto refreshed = co_await state->refresh(false);
    if (!refreshed) co_return refreshed.error();
    std::vector<std::string> names;
    for (const auto& master : state->map.masters()) names.push_back(model::to_string(master));
    co_return names;
}

aio::task<Checked<RedisReplies>> RedisCluster::run_on(std::string master, RedisCommands commands) {
    const auto state = watched();
    const auto node = node_of(master);
    if (!node) co_return node.error();
    const auto client = state->client_of(node->url.address);
    auto replies = co_await client->run(std::move(commands));
    if (!replies) state->is_stale = true;
    co_return replies;
}

Checked<RedisNode> RedisCluster::node_of(const std::string& master) const {
    for (const auto& address : state_->map.masters()) {
        if (model::to_string(address) == master) return state_->node_at(address);
    }
    return problem("{} is no longer a master of the cluster", master);
}

}  // namespace fairlead::control
