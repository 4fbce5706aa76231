// The answer that Fairlead itself gives: status as nginx would, a short text, X-Fairlead-Reason.
//
// Threads: one worker.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

#include <string>

namespace fairlead::http {

struct Reply {
    ResponseHead head;  // its views refer to static text and to `body`
    std::string body;
};

/// `reason` must have a status (status_of(reason) != 0).
Reply make_reply(Reason reason);

}  // namespace fairlead::http
