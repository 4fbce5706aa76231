// `fairlead store export` and `import`: all of a store, copied to or from another place.
//
// What was written is read again and compared: nothing is lost without a word.
//
// Threads: any; blocks its caller.
#pragma once

#include "control/transfer/store_place.hpp"
#include "proxy/base/checked.hpp"

#include <string>
#include <vector>

namespace fairlead::control {

/// The changes that make `before` into `contents`, or add those to it.
std::vector<StoreChange> changes_to(const StoreContents& before, const StoreContents& contents,
                                    Existing existing);

struct Transferred {
    std::string summary;                // "3 frontends, 2 backends ...: FROM -> TO"
    std::vector<std::string> left_out;  // keys that are neither, each with the reason
};

/// Copies, reads again and compares.
Checked<Transferred> transfer(StorePlace& from, StorePlace& to, Existing existing);

}  // namespace fairlead::control
