// The framing guard: what a head's fields mean for where its body ends and whose request it is.
//
// It decides from the parsed table alone, after the grammar (head_parser) and before routing. Every
// message that two readers could cut at different places is refused (RFC 9112 6.3 and 11.2); so
// what we send on, framed by ourselves, has one meaning.
//
// Threads: any (pure functions of their arguments).
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message.hpp"

namespace fairlead::http {

/// Fills in body, keep_alive, connection_names_fields, expects_continue, upgrades_to_websocket,
/// authority and host; Reason::none or why the request is refused.
Reason check_request(RequestHead& head);

/// Fills in body, declared, keep_alive, connection_names_fields and switches_to_websocket;
/// `request` is what it answers. Reason::none, bad_response or bad_response_framing.
Reason check_response(ResponseHead& head, Method request);

/// Whether a comma list holds that token, in any case.
bool has_token(std::string_view list, std::string_view token) noexcept;

}  // namespace fairlead::http
