// What a change makes different, one record for each difference: for the log, the journal and
// `fairlead diff`.
//
// Threads: control. Cost: in what the change touches; texts are made for no more than `most` of the
// differences, the others are counted.
#pragma once

#include "control/journal.hpp"
#include "proxy/model/catalog.hpp"
#include "proxy/model/snapshot.hpp"

#include <cstddef>
#include <vector>

namespace fairlead::control {

struct ChangeCounts {
    std::size_t routes_added = 0;
    std::size_t routes_removed = 0;
    std::size_t routes_changed = 0;
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

struct Differences {
    ChangeCounts counts;
    std::vector<ChangeRecord> records;  // without id, time, snapshot and who
    std::size_t more = 0;               // that there would be, beyond `most`
};

/// `before`: the snapshot that the change is made to.
Differences compare(const model::CatalogChange& change, const model::Snapshot& before,
                    std::size_t most);

/// A line for each of the first few dozen records.
void log_changes(const Differences& differences);

}  // namespace fairlead::control
