// What a source has said, as the whole states that its changes add up to.
//
// Threads: the test's.
#pragma once

#include "proxy/model/source_change.hpp"

#include <map>
#include <string>
#include <utility>

namespace fairlead::test {

class SourceStates {
public:
    /// The state after that change: its items' lists, in the order of the items' names.
    model::SourceState after(model::SourceChange change) {
        if (change.is_whole) items_.clear();
        for (auto& [name, item] : change.items) {
            if (item) {
                items_[name] = std::move(*item);
            } else {
                items_.erase(name);
            }
        }
        model::SourceState state;
        state.kind = change.kind;
        state.caused_at = change.caused_at;
        for (const auto& [name, item] : items_) {
            append(state.services, item.services);
            append(state.routes, item.routes);
            append(state.rejected, item.rejected);
        }
        return state;
    }

private:
    template <class T>
    static void append(std::vector<T>& to, const std::vector<T>& from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    std::map<std::string, model::SourceItem> items_;
};

}  // namespace fairlead::test
