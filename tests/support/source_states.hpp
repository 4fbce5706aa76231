// What a source has said, as the whole states that its changes add up to.
//
// Threads: the test's.
#pragma once

#include "proxy/model/source_change.hpp"

#include <utility>

namespace fairlead::test {

class SourceStates {
public:
    /// The state after that change.
    model::SourceState after(model::SourceChange change) {
        const auto kind = change.kind;
        const auto caused_at = change.caused_at;
        items_.apply(std::move(change));
        auto state = items_.state(kind);
        state.caused_at = caused_at;
        return state;
    }

private:
    model::SourceItems items_;
};

}  // namespace fairlead::test
