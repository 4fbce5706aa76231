// The change path: what the sources say becomes the snapshot that the workers serve by.
//
// Refuses what no snapshot may hold, merges what the sources say by precedence (Catalog), compiles
// what that touches, publishes and logs what is different. Several states that
// arrive in one turn of the event loop make one snapshot; nothing is ever delayed by a timer.
//
// Threads: control.
#pragma once

#include "control/change_records.hpp"
#include "control/journal.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/metrics/histogram.hpp"
#include "proxy/model/catalog.hpp"
#include "proxy/model/snapshot.hpp"
#include "proxy/model/source_change.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::control {

/// What one source has brought about so far.
struct SourceRecord {
    std::optional<WallTime> last_heard;  // its last word, changed or not; none: nothing yet
    std::uint64_t changes = 0;           // changes that made a difference
    // From the event a state tells of (else from its arrival) until every worker serves by it.
    metrics::Histogram event_to_effective;
};

class Reconciler {
public:
    /// Hands a snapshot to the workers and calls `installed` on the control thread once each has
    /// it.
    using Publish =
        std::function<void(model::SnapshotPtr snapshot, std::function<void()> installed)>;

    /// What made an apply() necessary.
    struct Cause {
        model::SourceKind source;
        WallTime since;
        std::string who;
    };

    /// `journal`: gets a record of every difference; null: nobody wants them.
    Reconciler(aio::IoContext& io, model::PolicyFactory make_policy, std::size_t workers,
               Publish publish, std::shared_ptr<Journal> journal = nullptr);
    Reconciler(const Reconciler&) = delete;
    Reconciler& operator=(const Reconciler&) = delete;

    /// Takes what is new at one source. Effective in this turn of the event loop.
    void accept(model::SourceChange change);

    /// What accept() would make different; nothing is changed by asking. O(what that source says).
    Differences preview(model::SourceChange change);

    /// The newest snapshot; empty (version 0) before the first state. Never null.
    const model::SnapshotPtr& current() const noexcept { return compiler_.current(); }

    /// What all sources say, with what lost and what was refused.
    const model::Catalog& catalog() const noexcept { return catalog_; }

    const SourceRecord& record(model::SourceKind kind) const noexcept;

private:
    void apply();
    void record_changes(Differences& differences, const std::vector<Cause>& causes,
                        std::uint64_t version);

    aio::IoContext& io_;
    const model::PolicyFactory make_policy_;
    model::SnapshotCompiler compiler_;
    const Publish publish_;
    const std::shared_ptr<Journal> journal_;
    model::Catalog catalog_;
    // Shared with the callbacks that the data plane keeps until the workers have a snapshot.
    std::shared_ptr<std::array<SourceRecord, model::source_kind_count>> records_;
    std::vector<Cause> causes_;  // of the apply() that is already posted; empty: none is
};

}  // namespace fairlead::control
