// The facts about one endpoint that change faster than configuration, and outlive snapshots.
//
// A snapshot refers to it; the next snapshot refers to the same object as long as the endpoint's
// identity lives. So in-flight counts and ejections survive every change elsewhere, and an endpoint
// that stops taking requests does so on all workers with one store.
//
// Threads: any (atomics). All accesses are relaxed: each field stands for itself, nothing is
// published through it, and a worker that reads a value some nanoseconds old makes a slightly
// less informed choice, never a wrong one.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/base/failure.hpp"
#include "proxy/model/desired_state.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::model {

class alignas(64) EndpointState {
public:
    explicit EndpointState(std::string identity) : identity_(std::move(identity)) {}
    EndpointState(const EndpointState&) = delete;
    EndpointState& operator=(const EndpointState&) = delete;

    const std::string& identity() const noexcept { return identity_; }

    // Requests that hold a lease, over all workers.
    std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
    void begin_request() noexcept { in_flight_.fetch_add(1, std::memory_order_relaxed); }
    void end_request() noexcept { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

    // Requests ever sent here.
    std::uint64_t requests() const noexcept { return requests_.load(std::memory_order_relaxed); }
    void count_request() noexcept { requests_.fetch_add(1, std::memory_order_relaxed); }

    Admission admission() const noexcept { return admission_.load(std::memory_order_relaxed); }
    void set_admission(Admission admission) noexcept {
        admission_.store(admission, std::memory_order_relaxed);
    }

    // No snapshot names it any more: its idle connections are closed, its leases run out.
    bool is_gone() const noexcept { return gone_.load(std::memory_order_relaxed); }
    void set_gone(bool gone) noexcept { gone_.store(gone, std::memory_order_relaxed); }

    /// When leases still held are cut; TimePoint::max() while it takes requests.
    TimePoint cut_at() const noexcept {
        return TimePoint(Duration(cut_at_.load(std::memory_order_relaxed)));
    }
    void set_cut_at(TimePoint at) noexcept {
        cut_at_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
    }

    // Passive health: out of choice until then.
    bool is_ejected(TimePoint now) const noexcept {
        return ejected_until_.load(std::memory_order_relaxed) > now.time_since_epoch().count();
    }
    /// `why`: what the endpoint did.
    void eject_until(TimePoint until, Reason why) noexcept {
        ejected_for_.store(why, std::memory_order_relaxed);
        ejected_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
        ejections_.fetch_add(1, std::memory_order_relaxed);
    }
    /// Of the last ejection, over or not; in the past: there was none, or it was forgiven.
    TimePoint ejected_until() const noexcept {
        return TimePoint(Duration(ejected_until_.load(std::memory_order_relaxed)));
    }
    Reason ejected_for() const noexcept { return ejected_for_.load(std::memory_order_relaxed); }
    void forgive() noexcept { ejected_until_.store(0, std::memory_order_relaxed); }
    std::uint64_t ejections() const noexcept { return ejections_.load(std::memory_order_relaxed); }

    // How long an idle connection to it may be used again. What it announces (Keep-Alive:
    // timeout=5) can be longer than our default; what it was seen to do can only be shorter.
    Duration idle_limit(TimePoint now) const noexcept {
        const Duration announced(announced_idle_.load(std::memory_order_relaxed));
        const Duration limit = announced > Duration::zero() ? announced : default_idle;
        if (seen_idle_until_.load(std::memory_order_relaxed) <= now.time_since_epoch().count())
            return limit;
        return std::min(limit, Duration(seen_idle_.load(std::memory_order_relaxed)));
    }
    /// It says that it closes connections which were idle for so long.
    void announce_idle(Duration closes_after) noexcept {
        const auto limit =
            std::min(closes_after - std::min(closes_after / 2, Duration(1s)), longest_idle);
        // Most responses say the same again: no store, so the line stays shared.
        if (announced_idle_.load(std::memory_order_relaxed) != limit.count())
            announced_idle_.store(limit.count(), std::memory_order_relaxed);
    }
    /// It has closed a connection that was idle for so long. Believed for some minutes: it may have
    /// been a restart. Never below what keeps a busy service's connections in use.
    void saw_idle_end(Duration after, TimePoint now) noexcept {
        const auto limit = std::max(after - after / 4, shortest_idle);
        if (limit >= idle_limit(now)) return;
        seen_idle_.store(limit.count(), std::memory_order_relaxed);
        seen_idle_until_.store((now + seen_idle_counts).time_since_epoch().count(),
                               std::memory_order_relaxed);
    }

    bool takes_requests(TimePoint now) const noexcept {
        return admission() == Admission::ready && !is_ejected(now);
    }

private:
    // Most servers that announce nothing close idle connections after 5 s or more.
    static constexpr Duration default_idle = 4s;
    static constexpr Duration longest_idle = 60s;
    static constexpr Duration shortest_idle = 200ms;
    static constexpr Duration seen_idle_counts = 5min;

    std::atomic<std::uint32_t> in_flight_{0};
    std::atomic<Admission> admission_{Admission::ready};
    std::atomic<bool> gone_{false};
    std::atomic<Reason> ejected_for_{Reason::none};
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<Duration::rep> ejected_until_{0};
    std::atomic<Duration::rep> cut_at_{Duration::max().count()};
    std::atomic<std::uint64_t> ejections_{0};
    std::atomic<Duration::rep> announced_idle_{0};
    std::atomic<Duration::rep> seen_idle_{0};
    std::atomic<Duration::rep> seen_idle_until_{0};
    const std::string identity_;
};

using EndpointStatePtr = std::shared_ptr<EndpointState>;

}  // namespace fairlead::model
