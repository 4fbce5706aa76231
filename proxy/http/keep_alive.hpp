// What a response's Keep-Alive field says (RFC 2068 19.7.1.1; no later one took it over, most
// servers send it).
//
// Threads: any (pure).
#pragma once

#include "proxy/http/message.hpp"

#include <chrono>
#include <optional>

namespace fairlead::http {

/// `timeout=5`: the endpoint closes a connection that was idle for so long. None where it says
/// nothing that makes sense.
std::optional<std::chrono::seconds> announced_idle_time(const ResponseHead& head) noexcept;

}  // namespace fairlead::http
