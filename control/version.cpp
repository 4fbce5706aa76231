#include "control/version.hpp"

namespace fairlead::control {

std::string_view version() noexcept {
    return FAIRLEAD_VERSION;
}

}  // namespace fairlead::control
