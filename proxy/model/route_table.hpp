// Finds the route of a host and path: exact host, then the longest *.suffix, then *; within a host
// the longest path prefix on whole segments. A host without a matching path falls through to the
// less specific ones.
//
// Paths are compared raw: case-sensitive, not percent-decoded, empty segments ignored ("//a//b" is
// "/a/b"), as Redx did.
//
// Threads: any (immutable after construction). Cost of find(): one hash lookup a host form that the
// table has, and one a path segment of the request, at most the deepest route's. No allocation.
#pragma once

#include "proxy/model/desired_state.hpp"

#include <cstddef>
#include <cstdint>
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
        std::uint32_t slot;  // index into service_names()
    };

    /// `routes`: each host and path at most once.
    explicit RouteTable(const std::vector<RouteSpec>& routes);
    RouteTable(const RouteTable&) = delete;
    RouteTable& operator=(const RouteTable&) = delete;

    /// `host`: lower case, without port and trailing dot. `path`: raw, up to '?'. Null: no route.
    const Entry* find(std::string_view host, std::string_view path) const noexcept;

    const std::vector<Entry>& entries() const noexcept { return entries_; }
    const std::vector<std::string>& service_names() const noexcept { return service_names_; }

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

        std::optional<std::uint32_t> any_path;  // index into entries_
        TextMap<std::uint32_t> by_path;         // "/seg/seg" -> index into entries_
        std::size_t deepest = 0;                // segments of the longest path
    };

    const Entry* find_path(const HostRoutes& routes, std::string_view path) const noexcept;

    std::vector<Entry> entries_;
    std::vector<std::string> service_names_;
    TextMap<HostRoutes> exact_;
    TextMap<HostRoutes> by_suffix_;  // ".example.org" for *.example.org
    std::optional<HostRoutes> any_host_;
};

}  // namespace fairlead::model
