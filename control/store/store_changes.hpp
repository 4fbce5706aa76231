// What a list of changes makes of a store's contents, in Redx's terms.
//
// Threads: any (pure).
#pragma once

#include "control/store/store.hpp"

#include <vector>

namespace fairlead::control {

/// As in Redx's hashes: a server whose address begins with '_' is a config entry, and a backend
/// that has neither servers nor config is gone.
void apply_changes(StoreContents& contents, const std::vector<StoreChange>& changes);

/// Whether they would make a difference. O(what they touch).
bool is_news(const StoreContents& contents, const std::vector<StoreChange>& changes);

}  // namespace fairlead::control
