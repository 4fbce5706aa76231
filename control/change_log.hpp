// Says in the log what one snapshot has that the one before it had not, and the other way round.
//
// Threads: control. Cost: what both share by pointer is not looked at.
#pragma once

#include "proxy/model/snapshot.hpp"

#include <cstddef>

namespace fairlead::control {

struct ChangeCounts {
    std::size_t routes_added = 0;
    std::size_t routes_removed = 0;
    std::size_t services_added = 0;
    std::size_t services_removed = 0;
    std::size_t endpoints_added = 0;
    std::size_t endpoints_removed = 0;
    std::size_t endpoints_changed = 0;  // weight or address
    std::size_t admissions_changed = 0;
    std::size_t settings_changed = 0;
    std::size_t rejected_added = 0;

    bool operator==(const ChangeCounts&) const = default;
};

/// One line for each difference that the change made, at most a few dozen, and their numbers.
ChangeCounts log_changes(const model::CatalogChange& change, const model::Snapshot& before,
                         const model::Snapshot& after);

}  // namespace fairlead::control
