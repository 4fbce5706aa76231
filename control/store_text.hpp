// The embedded store's file as text: JSON for people, one line a frontend or backend, with a
// checksum in its first line so that a torn or damaged file is never taken for a good one.
//
// Threads: any (pure).
#pragma once

#include "control/store.hpp"
#include "proxy/base/checked.hpp"

#include <string>
#include <string_view>

namespace fairlead::control {

std::string store_text(const StoreContents& contents);

/// The inverse; says what is wrong with a text that store_text() did not make.
Checked<StoreContents> parse_store_text(std::string_view text);

}  // namespace fairlead::control
