#include "proxy/model/source_change.hpp"

#include <utility>

namespace fairlead::model {
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

}  // namespace fairlead::model
