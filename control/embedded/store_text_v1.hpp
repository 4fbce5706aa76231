// The embedded store's file as versions before the file wrote it: one JSON text, replaced as a
// whole for each change. Only read, to be taken over.
//
// Threads: any (pure).
#pragma once

#include "control/store/store.hpp"
#include "proxy/base/checked.hpp"

#include <string_view>

namespace fairlead::control {

Checked<StoreContents> parse_store_text_v1(std::string_view text);

}  // namespace fairlead::control
