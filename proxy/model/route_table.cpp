#include "proxy/model/route_table.hpp"

#include "proxy/model/rate_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace fairlead::model {
namespace {

std::size_t count_segments(std::string_view path) {
    return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

using Collapsed = std::array<char, longest_route_path + 1>;

/// `path` without its empty segments, as far as a route's path can reach.
std::string_view collapse(std::string_view path, Collapsed& into) {
    std::size_t size = 0;
    for (const char c : path) {
        if (c == '/' && size > 0 && into[size - 1] == '/') continue;
        if (size == into.size()) {
            // The last segment may have been cut.
            const std::string_view whole(into.data(), size);
            return whole.substr(0, whole.rfind('/'));
        }
        into[size++] = c;
    }
    return {into.data(), size};
}

/// Offsets in `path` (no empty segments) at which its 1st, 2nd ... segment ends.
std::size_t segment_ends(std::string_view path, std::size_t most,
                         std::array<std::size_t, most_route_segments>& ends) {
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

bool has_rate_limit(const RouteSpec& route) noexcept {
    return route.rules && route.rules->rate_limit.requests > 0;
}

std::uint64_t rate_scope(const RouteSpec& route) {
    const auto& limit = route.rules->rate_limit;
    return seeded_hash(0, fmt::format("{}\n{}\n{}\n{}\n{}", route.host, route.path,
                                      conditions_text(route), limit.per.count(), limit.header));
}

RouteTable::Entry make_entry(const RouteSpec& route,
                             std::shared_ptr<const RouteTable::Entry> next) {
    RouteTable::Entry entry;
    entry.route = route;
    entry.service_hash = table_hash(route.service);
    if (route.rules) {
        for (const auto& share : route.rules->split.shares)
            entry.share_hashes.push_back(table_hash(share.service));
    }
    if (has_rate_limit(route)) entry.rate_scope = rate_scope(route);
    entry.next = std::move(next);
    return entry;
}

}  // namespace

template <class IsIt>
const RouteTable::Entry* RouteTable::search_list(const Entry* entry, const IsIt& is_it) {
    for (; entry != nullptr; entry = entry->next.get()) {
        if (is_it(*entry)) return entry;
    }
    return nullptr;
}

template <class IsIt>
const RouteTable::Entry* RouteTable::search(std::string_view host, std::string_view path,
                                            const IsIt& is_it) const {
    if (const auto* const routes = exact_.find(host)) {
        if (const Entry* entry = search_path(*routes, path, is_it)) return entry;
    }
    if (!by_suffix_.empty()) {
        // A suffix stands for at least one label: "*.example.org" does not match ".example.org".
        for (auto dot = host.find('.', 1); dot != std::string_view::npos;
             dot = host.find('.', dot + 1)) {
            const auto* const routes = by_suffix_.find(host.substr(dot));
            if (routes == nullptr) continue;
            if (const Entry* entry = search_path(*routes, path, is_it)) return entry;
        }
    }
    return any_host_ ? search_path(*any_host_, path, is_it) : nullptr;
}

template <class IsIt>
const RouteTable::Entry* RouteTable::search_path(const HostRoutes& routes, std::string_view path,
                                                 const IsIt& is_it) {
    if (routes.deepest > 0) {
        Collapsed collapsed;
        if (path.find("//") != std::string_view::npos) path = collapse(path, collapsed);
        std::array<std::size_t, most_route_segments> ends;
        for (auto left = segment_ends(path, routes.deepest, ends); left > 0; --left) {
            const Entry* const first = routes.find(path.substr(0, ends[left - 1]));
            if (const Entry* entry = search_list(first, is_it)) return entry;
        }
    }
    return search_list(routes.any_path.get(), is_it);
}

const RouteTable::Entry* RouteTable::find(std::string_view host, std::string_view path,
                                          const RequestFacts* request) const noexcept {
    const auto holds = [request](const Entry& entry) {
        const auto* const conditions = entry.route.conditions.get();
        return conditions == nullptr || (request != nullptr && conditions->hold(*request));
    };
    return search(host, path, holds);
}

void RouteTable::walk(std::string_view host, std::string_view path,
                      const std::function<void(const Entry&)>& visit) const {
    const auto go_on = [&](const Entry& entry) {
        visit(entry);
        return false;
    };
    search(host, path, go_on);
}

const RouteTable::Entry* RouteTable::HostRoutes::find(std::string_view path) const noexcept {
    const auto hash = table_hash(path);
    auto slot = std::lower_bound(
        paths.begin(), paths.end(), hash,
        [](const PathRoutes& routes, std::uint64_t wanted) { return routes.hash < wanted; });
    for (; slot != paths.end() && slot->hash == hash; ++slot) {
        if (slot->first->route.path == path) return slot->first.get();
    }
    return nullptr;
}

const RouteTable::Entry* RouteTable::at(std::string_view host,
                                        std::string_view path) const noexcept {
    const auto routes = routes_of(host);
    if (!routes) return nullptr;
    return path.empty() ? routes->any_path.get() : routes->find(path);
}

std::vector<const RouteTable::Entry*> RouteTable::entries() const {
    std::vector<const HostRoutes*> hosts = exact_.sorted();
    const auto suffixes = by_suffix_.sorted();
    hosts.insert(hosts.end(), suffixes.begin(), suffixes.end());
    if (any_host_) hosts.push_back(any_host_.get());
    std::vector<const Entry*> firsts;
    for (const auto* const routes : hosts) {
        if (routes->any_path) firsts.push_back(routes->any_path.get());
        for (const auto& path : routes->paths) firsts.push_back(path.first.get());
    }
    std::sort(firsts.begin(), firsts.end(), [](const Entry* a, const Entry* b) {
        return std::tie(a->route.host, a->route.path) < std::tie(b->route.host, b->route.path);
    });
    std::vector<const Entry*> all;
    all.reserve(size_);
    for (const auto* entry : firsts) {
        for (; entry != nullptr; entry = entry->next.get()) all.push_back(entry);
    }
    return all;
}

RouteTable::HostRoutesPtr RouteTable::routes_of(std::string_view host) const noexcept {
    if (host == "*") return any_host_;
    if (host.starts_with("*.")) return by_suffix_.share(host.substr(1));
    return exact_.share(host);
}

void RouteTable::set_host(std::string_view host, HostRoutesPtr routes) {
    const bool is_empty = !routes->any_path && routes->paths.empty();
    if (host == "*") {
        any_host_ = is_empty ? nullptr : std::move(routes);
        return;
    }
    auto& table = host.starts_with('*') ? by_suffix_ : exact_;
    if (is_empty) {
        table.erase(routes->host);
    } else {
        table.set(std::move(routes));
    }
}

void RouteTable::set(const std::string& host, const std::string& path,
                     const std::vector<RouteSpec>& routes) {
    EntryPtr first;
    for (auto route = routes.rbegin(); route != routes.rend(); ++route)
        first = std::make_shared<const Entry>(make_entry(*route, std::move(first)));
    count(at(host, path), false);
    count(first.get(), true);

    const auto before = routes_of(host);
    auto after = std::make_shared<HostRoutes>(before ? *before : HostRoutes());
    if (!before) after->host = host.starts_with('*') ? host.substr(1) : host;
    if (path.empty()) {
        after->any_path = std::move(first);
    } else {
        after->set(path, std::move(first));
    }
    set_host(host, std::move(after));
}

void RouteTable::HostRoutes::set(std::string_view path, EntryPtr first) {
    const auto hash = table_hash(path);
    std::erase_if(paths, [&](const PathRoutes& routes) {
        return routes.hash == hash && routes.first->route.path == path;
    });
    if (first) {
        const auto slot = std::upper_bound(
            paths.begin(), paths.end(), hash,
            [](std::uint64_t wanted, const PathRoutes& routes) { return wanted < routes.hash; });
        paths.insert(slot, {hash, std::move(first)});
        deepest = std::max(deepest, count_segments(path));
        return;
    }
    deepest = 0;
    for (const auto& routes : paths)
        deepest = std::max(deepest, count_segments(routes.first->route.path));
}

void RouteTable::count(const Entry* first, bool is_added) noexcept {
    for (; first != nullptr; first = first->next.get()) {
        const std::size_t is_limited = has_rate_limit(first->route) ? 1 : 0;
        size_ = is_added ? size_ + 1 : size_ - 1;
        rate_limits_ = is_added ? rate_limits_ + is_limited : rate_limits_ - is_limited;
    }
}

}  // namespace fairlead::model
