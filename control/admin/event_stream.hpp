// GET /events: the journal as server-sent events (WHATWG HTML 9.2), its tail first, then what
// comes.
//
// A stream holds no record: it looks into the journal for what follows the last one that it sent.
// A reader that the journal has left behind gets the event "lost" and its stream ends; it may come
// back with Last-Event-ID. A reader that takes nothing for a minute is dropped by the server.
//
// Threads: control.
#pragma once

#include "control/http_server.hpp"
#include "control/journal.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace fairlead::control {

/// One record as an object, as /events and `fairlead events --json` have it.
std::string record_json(const ChangeRecord& record);

/// How many may follow at once: more get 503.
inline constexpr std::size_t most_event_streams = 64;

/// The answer to /events?since=ID&follow=BOOL; Last-Event-ID may stand in for `since`.
HttpReply events_reply(const std::shared_ptr<Journal>& journal, const HttpRequest& request);

}  // namespace fairlead::control
