#include "control/redis/redis_subscription.hpp"

#include "control/redis/redis_connection.hpp"
#include "proxy/aio/spawn.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration first_backoff = 50ms;
constexpr Duration longest_backoff = 1s;
constexpr Duration generation_check = 250ms;
constexpr std::size_t most_waiting = 100000;
constexpr const char* invalidations = "__redis__:invalidate";

}  // namespace

// What the ears have heard and next() has not returned yet. Outlives the subscription where an ear
// still listens.
struct RedisSubscription::Heard {
    explicit Heard(const aio::executor& on) : timer(on) {}

    void add(RedisMessage message) {
        if (messages.size() < most_waiting) {
            messages.push_back(std::move(message));
        } else {
            lose(problem("more than {} messages wait to be read", most_waiting));
        }
        timer.cancel();
    }
    void lose(Problem why) {
        if (!loss) loss = std::move(why);
        timer.cancel();
    }
    void clear() {
        messages.clear();
        loss.reset();
    }

    aio::timer timer;  // of next(), cancelled when there is something
    std::deque<RedisMessage> messages;
    std::optional<Problem> loss;
};

// A subscribed connection to one master.
class RedisSubscription::Ear {
public:
    Ear(aio::IoContext& io, std::string master, RedisNode node, Duration timeout,
        std::shared_ptr<Heard> heard)
        : master_(std::move(master)),
          timeout_(timeout),
          connection_(io, std::move(node)),
          silence_(io.get_executor()),
          heard_(std::move(heard)) {}

    aio::task<Checked<>> subscribe(RedisCommand command, RedisCommand tracking);
    void close();

    static aio::task<> listen(std::shared_ptr<Ear> ear);
    static aio::task<> check_life(std::shared_ptr<Ear> ear);

private:
    aio::task<Checked<>> track(RedisCommand tracking);
    void take(RedisReply reply);
    void take_invalidated(RedisReply keys);
    void lose(Problem why);

    const std::string master_;
    const Duration timeout_;
    RedisConnection connection_;
    aio::timer silence_;
    const std::shared_ptr<Heard> heard_;
    bool is_closed_ = false;
    bool is_silent_ = false;  // since the last look
};

/// Tracking wants to know which connection to tell: this one, in the form that subscribers get.
aio::task<Checked<>> RedisSubscription::Ear::track(RedisCommand tracking) {
    RedisCommands who;
    who.push_back({"CLIENT", "ID"});
    const auto id = co_await connection_.exchange(std::move(who));
    if (!id) co_return id.error();
    if (id->front().is_error()) co_return problem("{}", id->front().text);
    tracking.push_back("REDIRECT");
    tracking.push_back(std::to_string(id->front().integer));
    RedisCommands commands;
    commands.push_back(std::move(tracking));
    const auto replies = co_await connection_.exchange(std::move(commands));
    if (!replies) co_return replies.error();
    if (replies->front().is_error()) co_return problem("{}", replies->front().text);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisSubscription::Ear::subscribe(RedisCommand command,
                                                       RedisCommand tracking) {
    const auto count = command.size() - 1;  // each pattern is confirmed
    connection_.limit_time(timeout_);
    const auto opened = co_await connection_.open();
    if (!opened) co_return opened;
    if (!tracking.empty()) {
        const auto tracked = co_await track(std::move(tracking));
        if (!tracked) co_return tracked;
    }
    RedisCommands commands;
    commands.push_back(std::move(command));
    const auto sent = co_await connection_.send(std::move(commands));
    if (!sent) co_return sent;
    for (std::size_t confirmed = 0; confirmed < count;) {
        RedisReply reply;
        const auto received = co_await connection_.receive(reply);
        if (!received) co_return received;
        if (reply.is_error()) co_return problem("{}", reply.text);
        const bool is_confirmed = !reply.items.empty() && reply.items[0].text == "psubscribe";
        if (is_confirmed) ++confirmed;
        take(std::move(reply));
    }
    connection_.lift_limit();
    co_return Checked<>{};
}

void RedisSubscription::Ear::close() {
    is_closed_ = true;
    connection_.close();
    silence_.cancel();
}

void RedisSubscription::Ear::lose(Problem why) {
    if (!is_closed_) heard_->lose(std::move(why));
    close();
}

void RedisSubscription::Ear::take(RedisReply reply) {
    is_silent_ = false;
    const bool is_invalidation = reply.items.size() == 3 && reply.items[0].text == "message" &&
                                 reply.items[1].text == invalidations;
    if (is_invalidation && !is_closed_) take_invalidated(std::move(reply.items[2]));
    if (is_closed_ || reply.items.size() != 4 || reply.items[0].text != "pmessage") return;
    RedisMessage message;
    message.master = master_;
    message.channel = std::move(reply.items[2].text);
    message.payload = std::move(reply.items[3].text);
    heard_->add(std::move(message));
}

void RedisSubscription::Ear::take_invalidated(RedisReply keys) {
    RedisMessage message;
    message.master = master_;
    message.kind = RedisMessage::Kind::flushed;
    if (keys.is_nil()) heard_->add(message);
    message.kind = RedisMessage::Kind::invalidated;
    for (auto& key : keys.items) {
        message.payload = std::move(key.text);
        heard_->add(message);
    }
}

aio::task<> RedisSubscription::Ear::listen(std::shared_ptr<Ear> ear) {
    while (!ear->is_closed_) {
        RedisReply reply;
        const auto received = co_await ear->connection_.receive(reply);
        if (received) {
            ear->take(std::move(reply));
        } else {
            ear->lose(received.error());
        }
    }
}

/// A master that is gone without a word is found out by a PING.
aio::task<> RedisSubscription::Ear::check_life(std::shared_ptr<Ear> ear) {
    while (!ear->is_closed_) {
        ear->is_silent_ = true;
        RedisCommands ping(1, RedisCommand(1, "PING"));
        const auto sent = co_await ear->connection_.send(std::move(ping));
        if (!sent) ear->lose(sent.error());
        if (ear->is_closed_) break;
        ear->silence_.expires_after(ear->timeout_);
        co_await ear->silence_.async_wait();
        if (ear->is_silent_ && !ear->is_closed_)
            ear->lose(problem("Lost the connection to redis: timeout"));
    }
}

RedisSubscription::RedisSubscription(aio::IoContext& io, RedisDeployment& redis,
                                     std::vector<std::string> patterns, Duration timeout,
                                     std::vector<std::string> tracked)
    : io_(io),
      redis_(redis),
      patterns_(std::move(patterns)),
      tracked_(std::move(tracked)),
      timeout_(timeout),
      heard_(std::make_shared<Heard>(io.get_executor())),
      backoff_(first_backoff) {}

RedisSubscription::~RedisSubscription() {
    hang_up();
}

void RedisSubscription::stop() {
    is_stopped_ = true;
    hang_up();
    heard_->timer.cancel();
}

void RedisSubscription::hang_up() {
    for (const auto& ear : ears_) ear->close();
    ears_.clear();
    is_subscribed_ = false;
    heard_->clear();
}

Problem RedisSubscription::lost(Problem why) {
    hang_up();
    has_told_ = true;
    return why;
}

aio::task<> RedisSubscription::pause(Duration time) {
    const auto heard = heard_;
    heard->timer.expires_after(time);
    co_await heard->timer.async_wait();
}

aio::task<Checked<>> RedisSubscription::subscribe() {
    const auto masters = co_await redis_.masters();
    if (!masters) co_return masters.error();
    generation_ = redis_.generation();
    RedisCommand command(1, "PSUBSCRIBE");
    command.insert(command.end(), patterns_.begin(), patterns_.end());
    RedisCommand tracking;
    if (!tracked_.empty()) {
        command.emplace_back(invalidations);
        tracking = {"CLIENT", "TRACKING", "ON", "BCAST"};
    }
    for (const auto& prefix : tracked_) {
        tracking.emplace_back("PREFIX");
        tracking.push_back(prefix);
    }
    for (const auto& master : *masters) {
        const auto node = redis_.node_of(master);
        if (!node) co_return node.error();
        const auto ear = std::make_shared<Ear>(io_, master, *node, timeout_, heard_);
        ears_.push_back(ear);
        const auto subscribed = co_await ear->subscribe(command, tracking);
        if (!subscribed) co_return subscribed.error();
        if (is_stopped_) co_return problem("Error connecting to redis: shutting down");
    }
    for (const auto& ear : ears_) {
        auto listening = Ear::listen(ear);
        aio::spawn(io_.get_executor(), "redis.listen", std::move(listening));
        auto checking = Ear::check_life(ear);
        aio::spawn(io_.get_executor(), "redis.check_life", std::move(checking));
    }
    is_subscribed_ = true;
    co_return Checked<>{};
}

aio::task<Checked<RedisMessage>> RedisSubscription::next() {
    while (!is_stopped_) {
        if (!is_subscribed_) {
            const auto subscribed = co_await subscribe();
            if (subscribed) {
                has_told_ = false;
                backoff_ = first_backoff;
                RedisMessage message;
                message.kind = RedisMessage::Kind::subscribed;
                co_return message;
            }
            hang_up();
            if (!has_told_) co_return lost(subscribed.error());
            co_await pause(backoff_);
            backoff_ = std::min(backoff_ * 2, longest_backoff);
        } else if (!heard_->messages.empty() && !heard_->loss) {
            auto message = std::move(heard_->messages.front());
            heard_->messages.pop_front();
            co_return message;
        } else if (heard_->loss) {
            co_return lost(*heard_->loss);
        } else if (generation_ != redis_.generation()) {
            co_return lost(problem("the masters of this redis are others now"));
        } else {
            co_await pause(generation_check);
        }
    }
    co_return problem("Error connecting to redis: shutting down");
}

}  // namespace fairlead::control
