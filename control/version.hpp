// Which Fairlead this is. Threads: any.
#pragma once

#include <string_view>

namespace fairlead::control {

std::string_view version() noexcept;

}  // namespace fairlead::control
