// Hipache's schema in Redis: frontend:<host> is a list [identifier, http://ip:port, ...], and
// dead:<host> a set of indexes into its servers. Served, never written.
//
// A list is a route of that host with a service of its own, "hipache:<host>". As in Hipache the
// host may be "*.suffix" or "*", a server's scheme is http (ws is taken for the same), its path is
// ignored, and a server that stands twice gets twice the share. One whose index is dead is listed
// as unhealthy.
//
// Threads: any (pure).
#pragma once

#include "control/store/store_image.hpp"
#include "proxy/model/source_change.hpp"

#include <cstddef>
#include <string>

namespace fairlead::control {

/// Of longer lists the rest is refused.
inline constexpr std::size_t most_hipache_servers = 1000;

model::SourceItem hipache_item(const std::string& host, const HipacheFrontend& frontend);

}  // namespace fairlead::control
