// Finds the route of a request: exact host, then the longest *.suffix, then *; within a host the
// longest path prefix on whole segments; within a path the first whose conditions hold, in the
// order of is_asked_first(). A path without such a route falls through to the shorter ones, a host
// without such a path to the less specific ones.
//
// Paths are compared raw: case-sensitive, not percent-decoded, empty segments ignored ("//a//b" is
// "/a/b"), as Redx did.
//
// Threads: any (immutable after construction). Cost of find(): one hash lookup a host form that the
// table has, and one a path segment of the request, at most the deepest route's. Conditions cost
// only where a path has some. No allocation.
#pragma once

#include "proxy/model/desired_state.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::model {

class RouteTable {
public:
    struct Entry {
        RouteSpec route;
        std::uint32_t slot = none;  // index into service_names(); none: no service of its own
        std::uint32_t next = none;  // of the same host and path, asked where this one's conditions
                                    // do not hold
        std::uint32_t first_share = none;  // index into share_slots(), one a share of its split
        std::uint64_t rate_scope = 0;  // of its buckets: the same for as long as the route stays
    };
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    /// `routes`: each host, path and conditions at most once.
    explicit RouteTable(const std::vector<RouteSpec>& routes);
    RouteTable(const RouteTable&) = delete;
    RouteTable& operator=(const RouteTable&) = delete;

    /// `host`: lower case, without port and trailing dot. `path`: raw, up to '?'. `request`: what
    /// conditions are asked of; null: none holds. Null: no route.
    const Entry* find(std::string_view host, std::string_view path,
                      const RequestFacts* request = nullptr) const noexcept;

    const std::vector<Entry>& entries() const noexcept { return entries_; }
    const std::vector<std::string>& service_names() const noexcept { return service_names_; }
    const std::vector<std::uint32_t>& share_slots() const noexcept { return share_slots_; }

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <class T>
    using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

    struct HostRoutes {
        // Written out for clang, which knows the initialisers below only after RouteTable's end.
        HostRoutes() {}

        // Indexes into entries_: the first of each path.
        std::uint32_t any_path = none;
        TextMap<std::uint32_t> by_path;  // by "/seg/seg"
        std::size_t deepest = 0;         // segments of the longest path
    };

    /// Puts entry number `index` in its place among those of its path, `first` and what follows it.
    void enqueue(std::uint32_t& first, std::uint32_t index);
    const Entry* find_path(const HostRoutes& routes, std::string_view path,
                           const RequestFacts* request) const noexcept;
    const Entry* first_to_hold(std::uint32_t index, const RequestFacts* request) const noexcept;

    std::vector<Entry> entries_;
    std::vector<std::string> service_names_;
    std::vector<std::uint32_t> share_slots_;
    TextMap<HostRoutes> exact_;
    TextMap<HostRoutes> by_suffix_;  // ".example.org" for *.example.org
    std::optional<HostRoutes> any_host_;
};

}  // namespace fairlead::model
