#include "proxy/model/route_table.hpp"

#include <algorithm>
#include <array>

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

}  // namespace

RouteTable::RouteTable(const std::vector<RouteSpec>& routes) {
    TextMap<std::uint32_t> slots;
    entries_.reserve(routes.size());
    for (const auto& route : routes) {
        const auto [slot, is_new] =
            slots.try_emplace(route.service, static_cast<std::uint32_t>(service_names_.size()));
        if (is_new) service_names_.push_back(route.service);
        const auto index = static_cast<std::uint32_t>(entries_.size());
        entries_.push_back({route, slot->second});

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
            host->any_path = index;
        } else {
            host->by_path[route.path] = index;
            host->deepest =
                std::min(std::max(host->deepest, count_segments(route.path)), most_segments);
        }
    }
}

const RouteTable::Entry* RouteTable::find(std::string_view host,
                                          std::string_view path) const noexcept {
    if (const auto at = exact_.find(host); at != exact_.end()) {
        if (const Entry* entry = find_path(at->second, path)) return entry;
    }
    if (!by_suffix_.empty()) {
        // A suffix stands for at least one label: "*.example.org" does not match ".example.org".
        for (auto dot = host.find('.', 1); dot != std::string_view::npos;
             dot = host.find('.', dot + 1)) {
            const auto at = by_suffix_.find(host.substr(dot));
            if (at == by_suffix_.end()) continue;
            if (const Entry* entry = find_path(at->second, path)) return entry;
        }
    }
    return any_host_ ? find_path(*any_host_, path) : nullptr;
}

const RouteTable::Entry* RouteTable::find_path(const HostRoutes& routes,
                                               std::string_view path) const noexcept {
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
            if (at != routes.by_path.end()) return &entries_[at->second];
        }
    }
    return routes.any_path ? &entries_[*routes.any_path] : nullptr;
}

}  // namespace fairlead::model
