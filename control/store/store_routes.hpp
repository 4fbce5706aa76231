// What the store holds, as services and routes: Redx's keys in, items with their refusals out.
//
// A frontend "host" or "host/seg/.../" (with or without the last slash) is a route; a backend is a
// service; a server is an endpoint on port 80 unless it says another; its path, if any, is the
// whole target of its requests, and the server "fallback" stands for the fallback. What cannot be
// used is listed among the item's rejected entries with its key ("frontend:site.com/a/");
// everything else goes on.
//
// Threads: any (pure).
#pragma once

#include "control/store/key_rules.hpp"
#include "control/store/store.hpp"
#include "proxy/model/source_change.hpp"

#include <optional>
#include <string>

namespace fairlead::control {

/// "frontend:site.com/a/", "backend:web": the Redis key is the item's name.
std::string item_name(const StoreEntry& entry);

/// What that entry says; none where the contents have none. A frontend "h/p" depends on whether
/// there is "h/p/" too: the item of the first changes with the second. O(log n).
std::optional<model::SourceItem> item_of(const StoreContents& contents, const StoreEntry& entry,
                                         const KeyRules& rules);

}  // namespace fairlead::control
