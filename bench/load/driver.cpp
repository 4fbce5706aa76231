#include "bench/load/driver.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <sys/epoll.h>

namespace fairlead::bench {

namespace {

constexpr auto sweep_interval = std::chrono::milliseconds(100);
constexpr auto pause_after_failure = std::chrono::milliseconds(5);
// A handshake whose first packet was lost is tried again after a second.
constexpr auto finish_within = std::chrono::seconds(3);

std::atomic<bool> stopping{false};

}  // namespace

Driver::Driver(const Target& target, const Plan& plan)
    : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < plan_.connections; ++i)
        connections_.push_back(std::make_unique<LoadConnection>(target, statistics_, epoll_.get()));
}

void Driver::stop_all() noexcept {
    stopping.store(true, std::memory_order_relaxed);
}

void Driver::run() {
    begin_ = Clock::now() + plan_.start_offset;
    const auto end = begin_ + plan_.duration;
    for (auto now = Clock::now(); now < end && !stopping.load(std::memory_order_relaxed);
         now = Clock::now()) {
        start_due(now);
        auto until = std::min(end, next_sweep_);
        if (plan_.rate > 0 && due(started_) > now) until = std::min(until, due(started_));
        if (hold_until_ > now) until = std::min(until, hold_until_);
        wait(until);
        fail_overdue(Clock::now());
    }
    ran_ = std::min(Clock::now(), end) - begin_;
    if (plan_.rate > 0) {
        const auto planned = static_cast<std::uint64_t>(plan_.rate * seconds());
        if (planned > started_) statistics_.add(LoadError::unsent, planned - started_);
    }
    const auto last = begin_ + ran_ + finish_within;
    while (any_busy() && Clock::now() < last) wait(last);
    for (auto& connection : connections_) {
        if (!connection->free()) connection->fail(LoadError::unfinished);
    }
}

Driver::Clock::time_point Driver::due(std::uint64_t request) const {
    const std::chrono::duration<double> after(static_cast<double>(request) / plan_.rate);
    return begin_ + std::chrono::duration_cast<Clock::duration>(after);
}

void Driver::start_due(Clock::time_point now) {
    if (now < hold_until_) return;
    const auto failures = statistics_.total_errors();
    for (std::size_t tried = 0; tried < connections_.size(); ++tried) {
        if (plan_.rate > 0 && due(started_) > now) return;
        auto& connection = *connections_[next_connection_];
        next_connection_ = (next_connection_ + 1) % connections_.size();
        if (!connection.free()) continue;
        connection.start(plan_.rate > 0 ? due(started_) : now);
        ++started_;
        if (statistics_.total_errors() > failures) {
            hold_until_ = now + pause_after_failure;
            return;
        }
    }
}

void Driver::wait(Clock::time_point until) {
    const auto left = std::max<Clock::duration>(until - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{seconds.count(), (left - seconds).count()};
    std::array<epoll_event, 256> events{};
    const int n = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 &limit, nullptr);
    const bool closed_loop = plan_.rate <= 0;
    const auto failures = statistics_.total_errors();
    for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i)
        static_cast<LoadConnection*>(events[i].data.ptr)->on_events(events[i].events);
    if (statistics_.total_errors() > failures && closed_loop)
        hold_until_ = Clock::now() + pause_after_failure;
}

void Driver::fail_overdue(Clock::time_point now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + sweep_interval;
    for (auto& connection : connections_) {
        if (!connection->free() && now - connection->due() > plan_.timeout)
            connection->fail(LoadError::timeout);
    }
}

bool Driver::any_busy() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return !connection->free(); });
}

}  // namespace fairlead::bench
