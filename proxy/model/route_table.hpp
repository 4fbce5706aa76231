// Finds the route of a request: exact host, then the longest *.suffix, then *; within a host the
// longest path prefix on whole segments; within a path the first whose conditions hold, in the
// order of is_asked_first(). A path without such a route falls through to the shorter ones, a host
// without such a path to the less specific ones.
//
// Paths are compared raw: case-sensitive, not percent-decoded, empty segments ignored ("//a//b" is
// "/a/b"), as Redx did.
//
// A copy shares nearly everything with the table it was made of (SharedTable), and set() replaces
// what one place has: a change costs what it changes.
//
// Threads: as SharedTable. Cost of find(): one hash lookup a host form that the table has, and one
// a path segment of the request, at most the deepest route's. Conditions cost only where a path has
// some. No allocation.
#pragma once

#include "proxy/model/desired_state.hpp"
#include "proxy/model/shared_table.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::model {

class RouteTable {
public:
    struct Entry {
        RouteSpec route;
        std::uint64_t service_hash = 0;           // table_hash() of its service's name
        std::vector<std::uint64_t> share_hashes;  // of the services of its split
        std::uint64_t rate_scope = 0;  // of its buckets: the same for as long as the route stays
        std::shared_ptr<const Entry> next;  // of the same host and path, asked where this one's
                                            // conditions do not hold
    };

    /// `host`: lower case, without port and trailing dot. `path`: raw, up to '?'. `request`: what
    /// conditions are asked of; null: none holds. Null: no route.
    const Entry* find(std::string_view host, std::string_view path,
                      const RequestFacts* request = nullptr) const noexcept;

    /// Every route of a host and path that the request has, in the order in which find() asks them,
    /// whatever their conditions. For people.
    void walk(std::string_view host, std::string_view path,
              const std::function<void(const Entry&)>& visit) const;

    /// The first route of exactly that host ("*" and "*.suffix" too) and path; the others follow by
    /// `next`. Null: there is none.
    const Entry* at(std::string_view host, std::string_view path) const noexcept;

    /// All, by host and path, those of one place in the order in which they are asked. For people.
    std::vector<const Entry*> entries() const;

    std::size_t size() const noexcept { return size_; }
    bool has_rate_limits() const noexcept { return rate_limits_ > 0; }

    /// What that place has from now on, in the order in which they are asked; none: nothing.
    void set(const std::string& host, const std::string& path,
             const std::vector<RouteSpec>& routes);

private:
    using EntryPtr = std::shared_ptr<const Entry>;
    struct PathRoutes {
        std::uint64_t hash = 0;  // of the path
        EntryPtr first;
    };
    struct HostRoutes {
        std::string host;               // without the '*'
        EntryPtr any_path;              // the first of those for every path
        std::vector<PathRoutes> paths;  // by hash
        std::size_t deepest = 0;        // segments of the longest path

        std::string_view key() const noexcept { return host; }
        const Entry* find(std::string_view path) const noexcept;
        void set(std::string_view path, EntryPtr first);
    };
    using HostRoutesPtr = std::shared_ptr<const HostRoutes>;

    /// The routes of that host as a rule writes it, or null.
    HostRoutesPtr routes_of(std::string_view host) const noexcept;
    void set_host(std::string_view host, HostRoutesPtr routes);
    // The one walk of find() and walk(): the first entry of which `is_it` says so. Null: none.
    template <class IsIt>
    const Entry* search(std::string_view host, std::string_view path, const IsIt& is_it) const;
    template <class IsIt>
    static const Entry* search_path(const HostRoutes& routes, std::string_view path,
                                    const IsIt& is_it);
    template <class IsIt>
    static const Entry* search_list(const Entry* entry, const IsIt& is_it);
    void count(const Entry* first, bool is_added) noexcept;

    SharedTable<HostRoutes> exact_;
    SharedTable<HostRoutes> by_suffix_;  // ".example.org" for *.example.org
    HostRoutesPtr any_host_;
    std::size_t size_ = 0;
    std::size_t rate_limits_ = 0;
};

}  // namespace fairlead::model
