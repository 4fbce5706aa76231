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
    at_ = wheel_.now_ + after;
    const auto at_tick = tick_of(at_) + 1;
    if (link_ != nullptr) {
        if (tick_ <= at_tick) return;  // its slot comes first and moves it on
        DeadlineWheel::unlink(*this);
        --wheel_.linked_;
    }
    wheel_.link(*this, at_tick);
}

DeadlineWheel::DeadlineWheel() noexcept : now_(coarse_now()), done_tick_(tick_of(now_)) {}

TimePoint DeadlineWheel::coarse_now() noexcept {
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return TimePoint(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

void DeadlineWheel::link(Deadline& deadline, std::int64_t at_tick) noexcept {
    deadline.tick_ = std::max(at_tick, done_tick_ + 1);
    auto& slot = slots_[static_cast<std::size_t>(deadline.tick_) % slot_count];
    deadline.next_ = slot;
    if (slot != nullptr) slot->link_ = &deadline.next_;
    slot = &deadline;
    deadline.link_ = &slot;
    ++linked_;
    next_tick_ = std::min(next_tick_, deadline.tick_);
}

void DeadlineWheel::unlink(Deadline& deadline) noexcept {
    *deadline.link_ = deadline.next_;
    if (deadline.next_ != nullptr) deadline.next_->link_ = deadline.link_;
    deadline.link_ = nullptr;
    deadline.next_ = nullptr;
}

Duration DeadlineWheel::until_due() const noexcept {
    if (next_tick_ == never) return Duration::max();
    return TimePoint(next_tick_ * tick) - now_;
}

void DeadlineWheel::advance() {
    const auto now_tick = tick_of(now_);
    if (now_tick >= next_tick_) {
        // After a long stall one round visits every slot; more would visit them again for nothing.
        const auto first =
            std::max(next_tick_, now_tick - static_cast<std::int64_t>(slot_count) + 1);
        for (auto at_tick = first; at_tick <= now_tick; ++at_tick) {
            done_tick_ = at_tick;
            run_slot(at_tick);
        }
        find_next_tick();
    }
    done_tick_ = std::max(done_tick_, now_tick);
}

void DeadlineWheel::find_next_tick() noexcept {
    next_tick_ = never;
    if (linked_ == 0) return;
    for (std::size_t i = 1; i <= slot_count; ++i) {
        const auto at_tick = done_tick_ + static_cast<std::int64_t>(i);
        if (slots_[static_cast<std::size_t>(at_tick) % slot_count] == nullptr) continue;
        next_tick_ = at_tick;
        return;
    }
}

void DeadlineWheel::run_slot(std::int64_t at_tick) {
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
        if (deadline.at_ > now_) {
            link(deadline, tick_of(deadline.at_) + 1);
            continue;
        }
        deadline.at_ = TimePoint::max();
        deadline.expired_ = true;
        deadline.action_(deadline.context_);
    }
}

}  // namespace fairlead::net
