// The body of /batch: Redx's JSON of frontends and backends, as changes of a store.
//
//   {"frontends": [{"url": S, "backend_name": S?}], "backends": [{"name": S, "servers": X?,
//   "config": {K: V}?}]} X = "addr" | ["addr" | ["addr", score], ...]
//
// Unlike Redx, which took the body for a form, it is read as the JSON that it is: '=', '&', '+' and
// '%' stand for themselves. One element that makes no sense refuses the whole.
//
// Threads: any (pure). Cost: linear in the body.
#pragma once

#include "control/store/store.hpp"
#include "proxy/base/checked.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

enum class BatchVerb {
    add,      // POST: sets what is named, removes nothing
    replace,  // PUT: what is named begins from nothing
    remove,   // DELETE: takes away what is named
};

/// `default_score`: of servers that come without one.
Checked<std::vector<StoreChange>> read_batch(std::string_view body, BatchVerb verb,
                                             const std::string& default_score);

/// The inverse of `add`: all of it as such a body, one element a line, for people and files.
/// `gone`: what `replace` is to delete as well.
std::string batch_text(const StoreContents& contents, const StoreContents& gone = {});

}  // namespace fairlead::control
