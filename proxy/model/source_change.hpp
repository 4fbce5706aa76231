// How a source tells of what is new: item by item, so that a change costs what changed and not what
// there is.
//
// A source's state is a set of named items; an item is what one thing of the outside world says: a
// key of the store, or the whole file, or all containers of a Docker engine (one item, named "").
// Items are replaced whole.
//
// Threads: any (values).
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/desired_state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fairlead::model {

struct SourceItem {
    std::vector<ServiceSpec> services;
    std::vector<RouteSpec> routes;
    std::vector<RejectedEntry> rejected;

    bool operator==(const SourceItem&) const = default;
};

struct SourceChange {
    struct Entry {
        std::string name;
        std::optional<SourceItem> item;  // none: it is gone
    };

    SourceKind kind = SourceKind::file;
    // Items that are not named here are gone: the first word of a source, and its safety net.
    bool is_whole = false;
    std::vector<Entry> items;
    // Whose doing it is, for people: "api 127.0.0.1:51234", "redis", "docker", "file".
    std::string who;
    // When the thing happened that this tells of (Docker's event time); for event-to-effective.
    std::optional<WallTime> caused_at;
};

/// A state as the one item "" of its source.
SourceChange whole_change(SourceState state, std::string who);

}  // namespace fairlead::model
