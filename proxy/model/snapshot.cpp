#include "proxy/model/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <random>
#include <set>
#include <string_view>
#include <unordered_map>
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

std::string state_key(const std::string& service, const std::string& identity) {
    return fmt::format("{} {}", service, identity);
}

std::string name_of(const EndpointSpec& endpoint) {
    const bool is_fallback = endpoint.stored && endpoint.stored->is_fallback;
    return is_fallback ? endpoint.stored->text : to_string(endpoint.address);
}

bool same_routes(const RouteTable::Entry* entry, const std::vector<RouteSpec>& routes) {
    for (const auto& route : routes) {
        if (entry == nullptr || !(entry->route == route)) return false;
        entry = entry->next.get();
    }
    return entry == nullptr;
}

}  // namespace

Match Snapshot::match(std::string_view host, std::string_view path,
                      const RequestFacts* request) const noexcept {
    const auto* entry = routes_.find(host, path, request);
    if (entry == nullptr) return {};
    const auto& name = entry->route.service;
    return {&entry->route, name.empty() ? nullptr : services_.find(name, entry->service_hash),
            entry};
}

SnapshotCompiler::SnapshotCompiler(PolicyFactory make_policy, std::size_t workers)
    : make_policy_(std::move(make_policy)),
      workers_(workers),
      current_(std::make_shared<const Snapshot>()) {}

SnapshotPtr SnapshotCompiler::compile(const CatalogChange& change, TimePoint now) {
    auto next = std::make_shared<Snapshot>(*current_);
    next->version_ = next_version_++;
    for (const auto& service : change.services) set_service(*next, service, now);
    for (const auto& place : change.places) {
        if (!same_routes(next->routes_.at(place.host, place.path), place.routes))
            next->routes_.set(place.host, place.path, place.routes);
    }
    next->rate_table_ = next->routes_.has_rate_limits() ? rate_table(now) : nullptr;
    current_ = std::move(next);
    std::erase_if(retired_endpoints_, [](const auto& item) { return item.second.expired(); });
    std::erase_if(retired_services_, [](const auto& item) { return item.second.expired(); });
    return current_;
}

void SnapshotCompiler::set_service(Snapshot& next, const CatalogChange::ServiceChange& change,
                                   TimePoint now) {
    const auto before = next.services_.share(change.name);
    if (!change.spec) {
        if (!before) return;
        retire(*before, nullptr, now);
        if (next.fallback_ == before) next.fallback_ = nullptr;
        next.services_.erase(change.name);
        return;
    }
    if (before && before->spec == *change.spec) return;
    auto after = make_service(*change.spec, before.get(), now);
    if (before) retire(*before, after.get(), now);
    if (after->spec.is_fallback) {
        next.fallback_ = after;
    } else if (before && next.fallback_ == before) {
        next.fallback_ = nullptr;
    }
    next.services_.set(std::move(after));
}

/// What the service has no more is gone; what it has in flight may finish within the drain time.
void SnapshotCompiler::retire(const Service& before, const Service* after, TimePoint now) {
    if (after == nullptr) retired_services_[before.spec.name] = before.state;
    std::set<const EndpointState*> kept;
    if (after != nullptr) {
        for (const auto& endpoint : after->endpoints) kept.insert(endpoint.state.get());
    }
    for (const auto& endpoint : before.endpoints) {
        if (kept.contains(endpoint.state.get())) continue;
        stop_taking_requests(*endpoint.state, now + before.settings.drain);
        endpoint.state->set_gone(true);
        retired_endpoints_[state_key(before.spec.name, endpoint.state->identity())] =
            endpoint.state;
    }
}

ServicePtr SnapshotCompiler::make_service(const ServiceSpec& spec, const Service* before,
                                          TimePoint now) {
    std::unordered_map<std::string_view, const EndpointStatePtr*> known;
    if (before != nullptr) {
        for (const auto& endpoint : before->endpoints)
            known.emplace(endpoint.state->identity(), &endpoint.state);
    }
    auto service = std::make_shared<Service>();
    service->spec = spec;
    service->settings = spec.settings.value_or(ServiceSettings{});
    service->state = service_state(spec.name, before);
    service->endpoints.reserve(spec.endpoints.size());
    for (const auto& endpoint : spec.endpoints) {
        const auto at = known.find(endpoint.identity);
        auto state = at == known.end() ? endpoint_state(spec.name, endpoint) : *at->second;
        admit(*state, endpoint.admission, service->settings.drain, now);
        service->endpoints.push_back({endpoint.address, name_of(endpoint), endpoint.weight,
                                      endpoint.origin, std::move(state), endpoint.stored});
    }
    auto policy = make_policy_(service->settings.policy, service->endpoints, service->plugins());
    assert(policy.has_value());
    service->policy = std::move(*policy);
    service->cookie = service->policy->cookie();
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

ServiceStatePtr SnapshotCompiler::service_state(const std::string& name, const Service* before) {
    if (before != nullptr) return before->state;
    const auto retired = retired_services_.find(name);
    if (retired != retired_services_.end()) {
        if (auto state = retired->second.lock()) return state;
    }
    return std::make_shared<ServiceState>(workers_);
}

EndpointStatePtr SnapshotCompiler::endpoint_state(const std::string& service,
                                                  const EndpointSpec& spec) {
    const auto retired = retired_endpoints_.find(state_key(service, spec.identity));
    if (retired != retired_endpoints_.end()) {
        if (auto state = retired->second.lock()) return state;
    }
    return std::make_shared<EndpointState>(spec.identity);
}

}  // namespace fairlead::model
