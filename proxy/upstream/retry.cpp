#include "proxy/upstream/retry.hpp"

namespace fairlead::upstream {

bool never_reached(Reason failure) noexcept {
    switch (failure) {
        case Reason::resolve_failed:
        case Reason::connect_refused:
        case Reason::connect_failed:
        case Reason::connect_timeout:
            return true;
        default:
            return false;
    }
}

bool may_repeat(const AttemptFacts& facts) noexcept {
    if (never_reached(facts.failure)) return true;
    return facts.failure == Reason::upstream_reset && !facts.has_response_bytes &&
           facts.body_is_whole && http::is_idempotent(facts.method);
}

bool speaks_against_endpoint(const AttemptFacts& facts) noexcept {
    if (never_reached(facts.failure)) return true;
    return facts.failure == Reason::upstream_reset && !facts.has_response_bytes &&
           !facts.was_reused;
}

}  // namespace fairlead::upstream
