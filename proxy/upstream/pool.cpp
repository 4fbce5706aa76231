#include "proxy/upstream/pool.hpp"

#include "proxy/net/socket.hpp"
#include "proxy/upstream/connector.hpp"

#include <algorithm>

namespace fairlead::upstream {

using metrics::Metric;

Lease::Lease(Pool& pool, model::EndpointStatePtr endpoint)
    : pool_(pool), endpoint_(std::move(endpoint)) {
    endpoint_->begin_request();
    next_ = pool_.leases_;
    if (next_ != nullptr) next_->link_ = &next_;
    pool_.leases_ = this;
    link_ = &pool_.leases_;
}

Lease::~Lease() {
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    endpoint_->end_request();
    if (keep_ && transport_ && transport_->is_open()) pool_.give_back(*this);
}

void Lease::close() {
    if (connector_ != nullptr) connector_->cancel();
    if (transport_) transport_->close();
}

Pool::~Pool() {
    close_idle();
}

net::task<result<>> Pool::connect(Lease& lease, const model::Endpoint& endpoint, Duration timeout) {
    counters_.add(Metric::upstream_connects);
    Connector connector(reactor_, resolver_);
    lease.connector_ = &connector;
    auto socket = co_await connector.connect(endpoint.address, timeout);
    lease.connector_ = nullptr;
    if (!socket) co_return socket.error();
    constexpr auto starts = net::Watch::Starts::connected;
    lease.transport_ = std::make_unique<net::Transport>(reactor_, std::move(*socket), starts);
    co_return result<>();
}

bool Pool::take_idle(Lease& lease, Reuse reuse) {
    if (reuse == Reuse::never) return false;
    const auto at = kept_.find(lease.endpoint_.get());
    if (at == kept_.end()) return false;
    auto& kept = at->second.idle;
    while (!kept.empty()) {
        Idle idle = std::move(kept.back());
        kept.pop_back();
        counters_.subtract(Metric::upstream_idle);
        if (idle.transport->may_have_input()) continue;
        if (reuse == Reuse::checked && net::is_readable_or_closed(idle.transport->native_handle()))
            continue;
        counters_.add(Metric::upstream_reuses);
        lease.transport_ = std::move(idle.transport);
        lease.is_reused_ = true;
        return true;
    }
    return false;
}

void Pool::give_back(Lease& lease) {
    if (lease.endpoint_->is_gone() || lease.endpoint_->admission() != model::Admission::ready)
        return;
    auto& kept = kept_[lease.endpoint_.get()];
    if (!kept.endpoint) kept.endpoint = lease.endpoint_;
    if (kept.idle.size() >= most_idle) return;
    kept.idle.push_back({std::move(lease.transport_), reactor_.wheel().now()});
    counters_.add(Metric::upstream_idle);
}

void Pool::sweep(TimePoint now) {
    for (auto at = kept_.begin(); at != kept_.end();) {
        auto& [endpoint, idle] = at->second;
        const bool takes_none =
            endpoint->is_gone() || endpoint->admission() != model::Admission::ready;
        const auto before = idle.size();
        std::erase_if(idle, [&](const Idle& one) {
            return takes_none || one.since + idle_limit < now || one.transport->has_hung_up();
        });
        counters_.subtract(Metric::upstream_idle, before - idle.size());
        at = endpoint->is_gone() ? kept_.erase(at) : std::next(at);
    }
    for (Lease* lease = leases_; lease != nullptr; lease = lease->next_) {
        if (lease->endpoint_->cut_at() > now) continue;
        lease->was_cut_ = true;
        lease->close();
    }
}

void Pool::close_idle() {
    for (const auto& [endpoint, kept] : kept_)
        counters_.subtract(Metric::upstream_idle, kept.idle.size());
    kept_.clear();
}

void Pool::cut_all() {
    for (Lease* lease = leases_; lease != nullptr; lease = lease->next_) {
        lease->close();
    }
}

}  // namespace fairlead::upstream
