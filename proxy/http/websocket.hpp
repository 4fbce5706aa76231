// The WebSocket handshake (RFC 6455 4), as far as whoever stands between its two ends must see to
// it: that a 101 answers the very request that was sent.
//
// Threads: any (pure).
#pragma once

#include "proxy/http/message.hpp"

#include <string>
#include <string_view>

namespace fairlead::http {

/// What Sec-WebSocket-Accept has to be for that Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string websocket_accept(std::string_view key);

/// Whether `response`, a 101, accepts the handshake of `request`: the one Sec-WebSocket-Accept that
/// fits the one key (RFC 6455 4.1). A request without a key is for the endpoint to judge.
bool accepts_websocket(const RequestHead& request, const ResponseHead& response);

}  // namespace fairlead::http
