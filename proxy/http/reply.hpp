// The answer that Fairlead itself gives: status as nginx would, a short text, X-Fairlead-Reason.
//
// Threads: one worker.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

#include <string>

namespace fairlead::http {

struct Reply {
    ResponseHead head;  // its views refer to static text, to `body` and to `extra`
    std::string body;
    std::string extra;  // storage for a field's value
};

/// `reason` must have a status (status_of(reason) != 0).
Reply make_reply(Reason reason);

/// Its content, to be sent behind its head; a HEAD gets none, and the head says so.
BodyPiece content_of(Reply& reply, Method request);

}  // namespace fairlead::http
