// What all sources have said, merged by precedence, and what of it changed since it was last asked.
//
// Services of one name are one service: its settings come from the first source that has any, its
// endpoints from all; an address named twice counts once, the first wins. Of the routes of one
// host, path and conditions the first source's wins; the others are listed with the reason. Within
// a source the order is that of the items' names.
//
// Threads: control. Cost of apply() and take(): in the size of the change, times log n.
#pragma once

#include "proxy/model/source_change.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fairlead::model {

/// A route that another source's route, or an earlier one of the same source, takes precedence
/// over.
struct LosingRoute {
    RouteSpec route;
    std::string
        why;  // "file: fairlead.yaml:3:5 names the same host and path"; conditions too, if any

    bool operator==(const LosingRoute&) const = default;
};

/// What is different, as it now is. Some of it may turn out to be the same as before.
struct CatalogChange {
    struct ServiceChange {
        std::string name;
        std::optional<ServiceSpec> spec;  // none: no source names it any more
    };
    struct PlaceChange {
        std::string host;
        std::string path;
        std::vector<RouteSpec> routes;  // in the order in which they are asked; none: no route
        std::vector<LosingRoute> new_losers;
        std::vector<LosingRoute> past_losers;  // that are gone, or win now
    };
    std::vector<ServiceChange> services;
    std::vector<PlaceChange> places;
    std::vector<RejectedEntry> rejected;  // those that are new
    std::vector<RejectedEntry> cleared;   // those that are gone
};

class Catalog {
public:
    /// False: nothing is different from before.
    bool apply(SourceChange change);

    /// What apply() has changed since the last call.
    CatalogChange take();

    /// What a source says now, as the change that would make it so.
    SourceChange whole(SourceKind kind) const;

    std::size_t rejected_count() const noexcept { return rejected_; }
    std::size_t loser_count() const noexcept { return losers_; }
    /// For people: O(everything).
    std::vector<RejectedEntry> rejected() const;
    std::vector<LosingRoute> losers() const;

private:
    using Place = std::pair<std::string, std::string>;  // host and path

    // Somebody's say in a service or a place; refers into items_.
    template <class Spec>
    struct Claim {
        SourceKind source;
        const std::string* item;
        const Spec* spec;
    };
    struct PlaceRecord {
        std::vector<Claim<RouteSpec>> claims;  // in the order of precedence
        std::vector<LosingRoute> losers;
    };
    struct Ranking {
        std::vector<RouteSpec> winners;
        std::vector<LosingRoute> losers;
    };

    bool replace(SourceKind source, std::string name, std::optional<SourceItem> item);
    void claim(SourceKind source, const std::string& name, const SourceItem& item);
    void withdraw(const std::string& name, const SourceItem& item);
    void note_rejected(const SourceItem* before, const SourceItem* after);
    static ServiceSpec merged(const std::vector<Claim<ServiceSpec>>& claims);
    static Ranking ranked(const std::vector<Claim<RouteSpec>>& claims);

    std::array<std::map<std::string, SourceItem>, source_kind_count> items_;
    std::unordered_map<std::string, std::vector<Claim<ServiceSpec>>> services_;
    std::map<Place, PlaceRecord> places_;
    std::set<std::string> touched_services_;
    std::set<Place> touched_places_;
    std::vector<RejectedEntry> new_rejected_;
    std::vector<RejectedEntry> cleared_;
    std::size_t rejected_ = 0;
    std::size_t losers_ = 0;
};

}  // namespace fairlead::model
