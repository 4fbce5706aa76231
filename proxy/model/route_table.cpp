#include "proxy/model/route_table.hpp"

#include "proxy/model/rate_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::model {
namespace {

// Deeper routes than this are compared by their first segments only; parse_route_path allows more
// characters than a request head has, so the bound is on work, not on expressiveness.
constexpr std::size_t most_segments = 32;

// Longer request paths than this are not collapsed on the stack: no route can be that long a
// prefix.
constexpr std::size_t longest_collapsed = 4096;

std::size_t count_segments(std::string_view path) {
    return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

/// Offsets in `path` (no empty segments) at which its 1st, 2nd ... segment ends.
std::size_t segment_ends(std::string_view path, std::size_t most,
                         std::array<std::size_t, most_segments>& ends) {
    std::size_t count = 0;
    std::size_t at = 0;
    while (count < most && at < path.size()) {
        const auto slash = path.find('/', at + 1);
        const auto end = slash == std::string_view::npos ? path.size() : slash;
        if (end == at + 1) break;  // the trailing slash
        ends[count++] = end;
        at = end;
    }
    return count;
}

std::uint64_t rate_scope(const RouteSpec& route) {
    const auto& limit = route.rules->rate_limit;
    return seeded_hash(0, fmt::format("{}\n{}\n{}\n{}\n{}", route.host, route.path,
                                      conditions_text(route), limit.per.count(), limit.header));
}

}  // namespace

RouteTable::RouteTable(const std::vector<RouteSpec>& routes) {
    TextMap<std::uint32_t> slots;
    const auto slot_of = [&](const std::string& service) {
        const auto [slot, is_new] =
            slots.try_emplace(service, static_cast<std::uint32_t>(service_names_.size()));
        if (is_new) service_names_.push_back(service);
        return slot->second;
    };
    entries_.reserve(routes.size());
    for (const auto& route : routes) {
        const auto index = static_cast<std::uint32_t>(entries_.size());
        auto& entry = entries_.emplace_back();
        entry.route = route;
        if (!route.service.empty()) entry.slot = slot_of(route.service);
        if (route.rules && route.rules->rate_limit.requests > 0)
            entry.rate_scope = rate_scope(route);
        if (route.rules && !route.rules->split.shares.empty()) {
            entry.first_share = static_cast<std::uint32_t>(share_slots_.size());
            for (const auto& share : route.rules->split.shares)
                share_slots_.push_back(slot_of(share.service));
        }

        HostRoutes* host = nullptr;
        if (route.host == "*") {
            if (!any_host_) any_host_.emplace();
            host = &*any_host_;
        } else if (route.host.starts_with("*.")) {
            host = &by_suffix_[route.host.substr(1)];
        } else {
            host = &exact_[route.host];
        }
        if (route.path.empty()) {
            enqueue(host->any_path, index);
        } else {
            enqueue(host->by_path.try_emplace(route.path, none).first->second, index);
            host->deepest =
                std::min(std::max(host->deepest, count_segments(route.path)), most_segments);
        }
    }
}

void RouteTable::enqueue(std::uint32_t& first, std::uint32_t index) {
    auto* at = &first;
    while (*at != none && !is_asked_first(entries_[index].route, entries_[*at].route))
        at = &entries_[*at].next;
    entries_[index].next = std::exchange(*at, index);
}

const RouteTable::Entry* RouteTable::first_to_hold(std::uint32_t index,
                                                   const RequestFacts* request) const noexcept {
    while (index != none) {
        const Entry& entry = entries_[index];
        const auto* const conditions = entry.route.conditions.get();
        if (conditions == nullptr || (request != nullptr && conditions->hold(*request)))
            return &entry;
        index = entry.next;
    }
    return nullptr;
}

const RouteTable::Entry* RouteTable::find(std::string_view host, std::string_view path,
                                          const RequestFacts* request) const noexcept {
    if (!exact_.empty()) {
        const auto at = exact_.find(host);
        const Entry* entry = at == exact_.end() ? nullptr : find_path(at->second, path, request);
        if (entry != nullptr) return entry;
    }
    if (!by_suffix_.empty()) {
        // A suffix stands for at least one label: "*.example.org" does not match ".example.org".
        for (auto dot = host.find('.', 1); dot != std::string_view::npos;
             dot = host.find('.', dot + 1)) {
            const auto at = by_suffix_.find(host.substr(dot));
            if (at == by_suffix_.end()) continue;
            if (const Entry* entry = find_path(at->second, path, request)) return entry;
        }
    }
    return any_host_ ? find_path(*any_host_, path, request) : nullptr;
}

const RouteTable::Entry* RouteTable::find_path(const HostRoutes& routes, std::string_view path,
                                               const RequestFacts* request) const noexcept {
    if (routes.deepest > 0) {
        std::array<char, longest_collapsed> collapsed;
        if (path.find("//") != std::string_view::npos && path.size() <= collapsed.size()) {
            std::size_t size = 0;
            for (char c : path) {
                if (c != '/' || size == 0 || collapsed[size - 1] != '/') collapsed[size++] = c;
            }
            path = std::string_view(collapsed.data(), size);
        }
        std::array<std::size_t, most_segments> ends;
        for (auto left = segment_ends(path, routes.deepest, ends); left > 0; --left) {
            const auto at = routes.by_path.find(path.substr(0, ends[left - 1]));
            if (at == routes.by_path.end()) continue;
            if (const Entry* entry = first_to_hold(at->second, request)) return entry;
        }
    }
    return first_to_hold(routes.any_path, request);
}

}  // namespace fairlead::model
