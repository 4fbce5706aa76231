#include "proxy/model/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <random>
#include <set>
#include <utility>

namespace fairlead::model {
namespace {

void stop_taking_requests(EndpointState& state, TimePoint cut_at) {
    if (state.cut_at() == TimePoint::max()) state.set_cut_at(cut_at);
}

/// What the endpoint's admission means for the leases it has and for its past.
void admit(EndpointState& state, Admission admission, Duration drain, TimePoint now) {
    state.set_gone(false);
    if (admission == Admission::draining) {
        stop_taking_requests(state, now + drain);
    } else {
        state.set_cut_at(TimePoint::max());
    }
    // An endpoint that (re)joins starts with a clean sheet.
    if (admission == Admission::ready && state.admission() != Admission::ready) state.forgive();
    state.set_admission(admission);
}

bool same_routes(const RouteTable& table, const std::vector<RouteSpec>& routes) {
    return std::equal(table.entries().begin(), table.entries().end(), routes.begin(), routes.end(),
                      [](const auto& entry, const auto& route) { return entry.route == route; });
}

bool has_rate_limit(const RouteTable& table) {
    return std::any_of(table.entries().begin(), table.entries().end(), [](const auto& entry) {
        return entry.route.rules && entry.route.rules->rate_limit.requests > 0;
    });
}

}  // namespace

Match Snapshot::match(std::string_view host, std::string_view path,
                      const RequestFacts* request) const noexcept {
    const auto* entry = routes_->find(host, path, request);
    if (entry == nullptr) return {};
    const bool has_service = entry->slot != RouteTable::none;
    return {&entry->route, has_service ? by_slot_[entry->slot].get() : nullptr, entry};
}

SnapshotCompiler::SnapshotCompiler(PolicyFactory make_policy, std::size_t workers)
    : make_policy_(std::move(make_policy)), workers_(workers) {
    auto empty = std::make_shared<Snapshot>();
    empty->routes_ = std::make_shared<const RouteTable>(std::vector<RouteSpec>{});
    current_ = std::move(empty);
}

SnapshotPtr SnapshotCompiler::compile(const DesiredState& desired, TimePoint now) {
    auto next = std::make_shared<Snapshot>();
    next->version_ = next_version_++;
    next->losers_ = desired.losers;
    next->rejected_ = desired.rejected;

    for (const auto& spec : desired.services) {
        const auto before = current_->services_.find(spec.name);
        const bool is_same = before != current_->services_.end() && before->second->spec == spec;
        next->services_.emplace(spec.name, is_same ? before->second : make_service(spec, now));
    }

    next->routes_ = same_routes(*current_->routes_, desired.routes)
                        ? current_->routes_
                        : std::make_shared<const RouteTable>(desired.routes);
    next->by_slot_.reserve(next->routes_->service_names().size());
    for (const auto& name : next->routes_->service_names()) {
        const auto at = next->services_.find(name);
        next->by_slot_.push_back(at == next->services_.end() ? nullptr : at->second);
    }

    if (has_rate_limit(*next->routes_)) next->rate_table_ = rate_table(now);

    // What no service names any more is gone; what it has in flight may finish within the drain
    // time.
    for (const auto& [name, service] : current_->services_) {
        const auto at = next->services_.find(name);
        if (at != next->services_.end() && at->second == service) continue;
        for (const auto& endpoint : service->endpoints) {
            const bool stays =
                at != next->services_.end() &&
                std::any_of(at->second->endpoints.begin(), at->second->endpoints.end(),
                            [&](const auto& other) { return other.state == endpoint.state; });
            if (stays) continue;
            stop_taking_requests(*endpoint.state, now + service->settings.drain);
            endpoint.state->set_gone(true);
        }
    }
    std::erase_if(endpoint_states_, [](const auto& item) { return item.second.expired(); });
    std::erase_if(service_states_, [&](const auto& item) {
        return item.second.use_count() == 1 && !next->services_.contains(item.first);
    });

    current_ = std::move(next);
    return current_;
}

ServicePtr SnapshotCompiler::make_service(const ServiceSpec& spec, TimePoint now) {
    auto service = std::make_shared<Service>();
    service->spec = spec;
    service->settings = spec.settings.value_or(ServiceSettings{});
    service->state = service_state(spec.name);
    service->endpoints.reserve(spec.endpoints.size());
    for (const auto& endpoint : spec.endpoints) {
        auto state = endpoint_state(spec.name, endpoint);
        admit(*state, endpoint.admission, service->settings.drain, now);
        service->endpoints.push_back({endpoint.address, to_string(endpoint.address),
                                      endpoint.weight, endpoint.origin, std::move(state)});
    }
    auto policy = make_policy_(service->settings.policy, service->endpoints);
    assert(policy.has_value());
    service->policy = std::move(*policy);
    return service;
}

const std::shared_ptr<RateTable>& SnapshotCompiler::rate_table(TimePoint now) {
    if (!rate_table_) {
        std::random_device random;
        const auto seed = std::uint64_t{random()} << 32U | random();
        rate_table_ = std::make_shared<RateTable>(seed, now);
    }
    return rate_table_;
}

ServiceStatePtr SnapshotCompiler::service_state(const std::string& name) {
    auto& state = service_states_[name];
    if (!state) state = std::make_shared<ServiceState>(name, workers_);
    return state;
}

EndpointStatePtr SnapshotCompiler::endpoint_state(const std::string& service,
                                                  const EndpointSpec& spec) {
    auto& known = endpoint_states_[fmt::format("{} {}", service, spec.identity)];
    auto state = known.lock();
    if (!state) {
        state = std::make_shared<EndpointState>(spec.identity);
        known = state;
    }
    return state;
}

}  // namespace fairlead::model
