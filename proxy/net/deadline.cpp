#include "proxy/net/deadline.hpp"

#include <algorithm>
#include <ctime>

namespace fairlead::net {
namespace {

std::int64_t tick_of(TimePoint at) noexcept {
    return at.time_since_epoch() / DeadlineWheel::tick;
}

}  // namespace

Deadline::~Deadline() {
    if (link_ != nullptr) {
        DeadlineWheel::unlink(*this);
        --wheel_.linked_;
    }
}

void Deadline::arm(Duration after) {
    expired_ = false;
    if (after <= Duration::zero()) {
        disarm();
        return;
    }
    at_ = DeadlineWheel::coarse_now() + after;
    const auto at_tick = tick_of(at_) + 1;
    if (link_ != nullptr) {
        if (tick_ <= at_tick) return;  // its slot comes first and moves it on
        DeadlineWheel::unlink(*this);
        --wheel_.linked_;
    }
    wheel_.link(*this, at_tick);
}

DeadlineWheel::DeadlineWheel(IoContext& io) : timer_(io), done_tick_(tick_of(coarse_now())) {}

TimePoint DeadlineWheel::coarse_now() noexcept {
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return TimePoint(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

void DeadlineWheel::stop() {
    stopped_ = true;
    timer_.cancel();
}

void DeadlineWheel::link(Deadline& deadline, std::int64_t at_tick) noexcept {
    if (!ticking_) {
        done_tick_ = tick_of(coarse_now());
        start_timer();
    }
    deadline.tick_ = std::max(at_tick, done_tick_ + 1);
    auto& slot = slots_[static_cast<std::size_t>(deadline.tick_) % slot_count];
    deadline.next_ = slot;
    if (slot != nullptr) slot->link_ = &deadline.next_;
    slot = &deadline;
    deadline.link_ = &slot;
    ++linked_;
}

void DeadlineWheel::unlink(Deadline& deadline) noexcept {
    *deadline.link_ = deadline.next_;
    if (deadline.next_ != nullptr) deadline.next_->link_ = deadline.link_;
    deadline.link_ = nullptr;
    deadline.next_ = nullptr;
}

void DeadlineWheel::start_timer() {
    if (stopped_) return;
    ticking_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([this](error_code ec) {
        ticking_ = false;
        if (ec || stopped_) return;
        advance();
        if (linked_ > 0 && !ticking_) start_timer();
    });
}

void DeadlineWheel::advance() {
    const auto now = coarse_now();
    const auto now_tick = tick_of(now);
    // After a long stall one round visits every slot; more would visit them again for nothing.
    const auto first =
        std::max(done_tick_ + 1, now_tick - static_cast<std::int64_t>(slot_count) + 1);
    for (auto at_tick = first; at_tick <= now_tick; ++at_tick) {
        done_tick_ = at_tick;
        run_slot(at_tick, now);
    }
}

void DeadlineWheel::run_slot(std::int64_t at_tick, TimePoint now) {
    // Detach the slot first: an action may arm, disarm or destroy any deadline, its own included.
    Deadline* waiting = nullptr;
    auto& slot = slots_[static_cast<std::size_t>(at_tick) % slot_count];
    if (slot == nullptr) return;
    waiting = slot;
    waiting->link_ = &waiting;
    slot = nullptr;
    while (waiting != nullptr) {
        Deadline& deadline = *waiting;
        unlink(deadline);
        --linked_;
        if (deadline.at_ == TimePoint::max()) continue;
        if (deadline.at_ > now) {
            link(deadline, tick_of(deadline.at_) + 1);
            continue;
        }
        deadline.at_ = TimePoint::max();
        deadline.expired_ = true;
        deadline.action_(deadline.context_);
    }
}

}  // namespace fairlead::net
