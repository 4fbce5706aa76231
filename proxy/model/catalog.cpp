#include "proxy/model/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace fairlead::model {
namespace {

std::size_t index(SourceKind kind) noexcept {
    return static_cast<std::size_t>(kind);
}

/// Behind those of the same item: within it, the order is the item's own.
template <class Claims, class Claim>
void insert_by_precedence(Claims& claims, const Claim& claim) {
    const auto at =
        std::upper_bound(claims.begin(), claims.end(), claim, [](const Claim& a, const Claim& b) {
            return std::tie(a.source, *a.item) < std::tie(b.source, *b.item);
        });
    claims.insert(at, claim);
}

/// One address with two fixed targets is two servers.
std::string_view target_of(const EndpointSpec& endpoint) noexcept {
    return endpoint.stored ? std::string_view(endpoint.stored->target) : std::string_view();
}

void add_endpoints(ServiceSpec& into, const ServiceSpec& from) {
    for (const auto& endpoint : from.endpoints) {
        const bool known =
            std::any_of(into.endpoints.begin(), into.endpoints.end(), [&](const auto& other) {
                return other.identity == endpoint.identity ||
                       (other.address == endpoint.address &&
                        other.admission == endpoint.admission &&
                        target_of(other) == target_of(endpoint));
            });
        if (!known) into.endpoints.push_back(endpoint);
    }
}

/// Adds to `out` what `list` has and `other` has not.
template <class T>
void add_missing(const std::vector<T>& list, const std::vector<T>& other, std::vector<T>& out) {
    for (const auto& entry : list) {
        if (std::find(other.begin(), other.end(), entry) == other.end()) out.push_back(entry);
    }
}

/// Several containers of one service each name its routes: that is agreement, not a clash.
bool agree(const RouteSpec& winner, const RouteSpec& other) {
    return winner.service == other.service && (!other.rules || winner.rules == other.rules);
}

}  // namespace

bool Catalog::apply(SourceChange change) {
    bool is_different = false;
    if (change.is_whole) {
        std::set<std::string_view> named;
        for (const auto& entry : change.items) named.insert(entry.name);
        std::vector<std::string> gone;
        for (const auto& [name, item] : items_[index(change.kind)]) {
            if (!named.contains(name)) gone.push_back(name);
        }
        for (auto& name : gone) is_different |= replace(change.kind, std::move(name), {});
    }
    for (auto& [name, item] : change.items)
        is_different |= replace(change.kind, std::move(name), std::move(item));
    return is_different;
}

bool Catalog::replace(SourceKind source, std::string name, std::optional<SourceItem> item) {
    auto& items = items_[index(source)];
    auto at = items.find(name);
    const bool is_known = at != items.end();
    if (!item) {
        if (!is_known) return false;
        note_rejected(&at->second, nullptr);
        withdraw(at->first, at->second);
        items.erase(at);
        return true;
    }
    if (is_known && at->second == *item) return false;
    note_rejected(is_known ? &at->second : nullptr, &*item);
    if (is_known) {
        withdraw(at->first, at->second);
        at->second = std::move(*item);
    } else {
        at = items.emplace(std::move(name), std::move(*item)).first;
    }
    claim(source, at->first, at->second);
    return true;
}

void Catalog::note_rejected(const SourceItem* before, const SourceItem* after) {
    static const std::vector<RejectedEntry> none;
    const auto& old = before == nullptr ? none : before->rejected;
    const auto& now = after == nullptr ? none : after->rejected;
    add_missing(now, old, new_rejected_);
    add_missing(old, now, cleared_);
}

void Catalog::claim(SourceKind source, const std::string& name, const SourceItem& item) {
    for (const auto& service : item.services) {
        insert_by_precedence(services_[service.name], Claim<ServiceSpec>{source, &name, &service});
        touched_services_.insert(service.name);
    }
    for (const auto& route : item.routes) {
        const Place place(route.host, route.path);
        insert_by_precedence(places_[place].claims, Claim<RouteSpec>{source, &name, &route});
        touched_places_.insert(place);
    }
    rejected_ += item.rejected.size();
}

void Catalog::withdraw(const std::string& name, const SourceItem& item) {
    const auto is_withdrawn = [&](const auto& claim) { return claim.item == &name; };
    for (const auto& service : item.services) {
        std::erase_if(services_[service.name], is_withdrawn);
        touched_services_.insert(service.name);
    }
    for (const auto& route : item.routes) {
        const Place place(route.host, route.path);
        std::erase_if(places_[place].claims, is_withdrawn);
        touched_places_.insert(place);
    }
    rejected_ -= item.rejected.size();
}

SourceChange Catalog::whole(SourceKind kind) const {
    SourceChange change;
    change.kind = kind;
    change.is_whole = true;
    for (const auto& [name, item] : items_[index(kind)]) change.items.push_back({name, item});
    return change;
}

CatalogChange Catalog::take() {
    CatalogChange change;
    for (const auto& name : std::exchange(touched_services_, {})) {
        const auto at = services_.find(name);
        if (at->second.empty()) {
            change.services.push_back({name, std::nullopt});
            services_.erase(at);
        } else {
            change.services.push_back({name, merged(at->second)});
        }
    }
    for (const auto& place : std::exchange(touched_places_, {})) {
        const auto at = places_.find(place);
        auto ranking = ranked(at->second.claims);
        auto& known = at->second.losers;
        losers_ += ranking.losers.size() - known.size();
        auto& made = change.places.emplace_back();
        made.host = place.first;
        made.path = place.second;
        made.routes = std::move(ranking.winners);
        add_missing(ranking.losers, known, made.new_losers);
        add_missing(known, ranking.losers, made.past_losers);
        known = std::move(ranking.losers);
        if (at->second.claims.empty()) places_.erase(at);
    }
    change.rejected = std::exchange(new_rejected_, {});
    change.cleared = std::exchange(cleared_, {});
    return change;
}

ServiceSpec Catalog::merged(const std::vector<Claim<ServiceSpec>>& claims) {
    ServiceSpec service = *claims.front().spec;
    if (service.is_fallback) return service;
    for (auto claim = claims.begin() + 1; claim != claims.end(); ++claim) {
        if (!service.settings) service.settings = claim->spec->settings;
        if (!service.plugins) service.plugins = claim->spec->plugins;
        add_endpoints(service, *claim->spec);
    }
    return service;
}

Catalog::Ranking Catalog::ranked(const std::vector<Claim<RouteSpec>>& claims) {
    Ranking ranking;
    for (const auto& claim : claims) {
        const RouteSpec& route = *claim.spec;
        const auto winner = std::find_if(
            ranking.winners.begin(), ranking.winners.end(), [&](const RouteSpec& other) {
                return conditions_text(other) == conditions_text(route);
            });
        if (winner == ranking.winners.end()) {
            ranking.winners.push_back(route);
        } else if (!agree(*winner, route)) {
            ranking.losers.push_back(
                {route, fmt::format("{} names the same host{}", to_string(winner->origin),
                                    route.conditions ? ", path and conditions" : " and path")});
        }
    }
    // No two are equal: their conditions are not.
    std::sort(ranking.winners.begin(), ranking.winners.end(), is_asked_first);
    return ranking;
}

std::vector<RejectedEntry> Catalog::rejected() const {
    std::vector<RejectedEntry> all;
    for (const auto& items : items_) {
        for (const auto& [name, item] : items)
            all.insert(all.end(), item.rejected.begin(), item.rejected.end());
    }
    return all;
}

std::vector<LosingRoute> Catalog::losers() const {
    std::vector<LosingRoute> all;
    for (const auto& [place, record] : places_) {
        all.insert(all.end(), record.losers.begin(), record.losers.end());
    }
    return all;
}

}  // namespace fairlead::model
