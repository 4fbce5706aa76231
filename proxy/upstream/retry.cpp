#include "proxy/upstream/retry.hpp"

namespace fairlead::upstream {

bool never_reached(Reason failure) noexcept {
    switch (failure) {
        case Reason::resolve_failed:
        case Reason::connect_refused:
        case Reason::connect_failed:
        case Reason::no_socket:
        case Reason::connect_timeout:
        case Reason::upstream_tls_failed:
        case Reason::upstream_untrusted:
            return true;
        default:
            return false;
    }
}

bool may_repeat(const AttemptFacts& facts) noexcept {
    if (never_reached(facts.failure)) return true;
    if (facts.failure != Reason::upstream_reset || facts.has_response_bytes) return false;
    if (!facts.body_is_whole) return false;
    return !facts.has_sent_bytes || http::is_idempotent(facts.method);
}

bool speaks_against_endpoint(const AttemptFacts& facts) noexcept {
    if (facts.failure == Reason::no_socket) return false;
    if (never_reached(facts.failure)) return true;
    return facts.failure == Reason::upstream_reset && !facts.has_response_bytes &&
           !facts.was_reused;
}

}  // namespace fairlead::upstream
