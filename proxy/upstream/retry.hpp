// Whether a failed attempt may be repeated, and whether it speaks against the endpoint. Pure.
//
// Threads: any.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

namespace fairlead::upstream {

struct AttemptFacts {
    Reason failure = Reason::none;
    http::Method method = http::Method::get;
    bool body_is_whole = true;   // the request's body is all here, none of it given up
    bool has_sent_bytes = true;  // the kernel took some of the request
    bool has_response_bytes = false;
    bool was_reused = false;  // the connection had carried another request
};

/// The endpoint was never reached: nothing can have been acted on.
bool never_reached(Reason failure) noexcept;

/// RFC 9110 9.2.2: what may have been acted on is repeated only where that is harmless.
bool may_repeat(const AttemptFacts& facts) noexcept;

/// A refused or reset connection takes the endpoint out of choice for a while; a connection that
/// grew old in our pool does not.
bool speaks_against_endpoint(const AttemptFacts& facts) noexcept;

}  // namespace fairlead::upstream
