#include "proxy/model/source_change.hpp"

#include <set>
#include <utility>

namespace fairlead::model {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

SourceChange whole_change(SourceState state, std::string who) {
    SourceChange change;
    change.kind = state.kind;
    change.is_whole = true;
    change.who = std::move(who);
    change.caused_at = state.caused_at;
    change.items.push_back({"", SourceItem{std::move(state.services), std::move(state.routes),
                                           std::move(state.rejected)}});
    return change;
}

bool SourceItems::apply(SourceChange change) {
    bool is_different = false;
    if (change.is_whole) {
        std::set<std::string_view> named;
        for (const auto& entry : change.items) named.insert(entry.name);
        is_different = std::erase_if(items_, [&](const auto& item) {
                           return !named.contains(item.first);
                       }) > 0;
    }
    for (auto& [name, item] : change.items) {
        if (!item) {
            is_different |= items_.erase(name) > 0;
            continue;
        }
        const auto [at, is_new] = items_.try_emplace(std::move(name));
        if (!is_new && at->second == *item) continue;
        at->second = std::move(*item);
        is_different = true;
    }
    return is_different;
}

SourceState SourceItems::state(SourceKind kind) const {
    SourceState state;
    state.kind = kind;
    for (const auto& [name, item] : items_) {
        append(state.services, item.services);
        append(state.routes, item.routes);
        append(state.rejected, item.rejected);
    }
    return state;
}

}  // namespace fairlead::model
