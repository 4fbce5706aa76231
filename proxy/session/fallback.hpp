// Which of our own answers the fallback gives in our place.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/failure.hpp"

namespace fairlead::session {

/// Where there was nobody to ask, or nobody who answered.
inline bool can_fall_back(Reason reason) noexcept {
    switch (reason) {
        case Reason::no_route:
        case Reason::no_service:
        case Reason::no_endpoint:
        case Reason::sent_to_fallback:
            return true;
        default:
            return status_of(reason) == 502 || status_of(reason) == 504;
    }
}

}  // namespace fairlead::session
