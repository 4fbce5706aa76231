// What the sources want: services, their endpoints and the routes to them, as values.
//
// Sources publish them (source_change.hpp), the Catalog merges them, a Snapshot is compiled from
// that. Everything carries its origin, so that an operator can be told where it came from, and a
// refused entry is listed, never silently dropped.
//
// Threads: any (values).
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/address.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/origin.hpp"
#include "proxy/model/plugin_chain.hpp"
#include "proxy/model/route_conditions.hpp"
#include "proxy/model/route_rules.hpp"
#include "proxy/model/setting_origins.hpp"
#include "proxy/model/shared_value.hpp"
#include "proxy/model/stored_server.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::model {

/// Whether an endpoint takes new requests, and if not, why. Only `ready` does.
enum class Admission : std::uint8_t { ready, starting, unhealthy, paused, draining };
std::string_view to_string(Admission admission) noexcept;

struct EndpointSpec {
    Address address;
    // Tells one life of an address from the next: connections and counters never pass from one
    // identity to another. Docker: container id + start time + port; else the address itself.
    std::string identity;
    std::uint32_t weight = 1;  // 1 to 1000
    Admission admission = Admission::ready;
    Origin origin;
    SharedValue<StoredServer> stored = {};     // of the store's servers
    SharedValue<SettingOrigins> origins = {};  // of its weight, where that is written

    bool operator==(const EndpointSpec&) const = default;
};

/// What the service that answers for the others is called.
inline constexpr std::string_view fallback_name = "fallback";

struct ServiceSpec {
    std::string name;
    std::optional<ServiceSettings> settings;  // absent: this source has no say in them
    std::vector<EndpointSpec> endpoints;
    Origin origin;
    // Of the store's backends: chooses the endpoint where no source has a say in the settings.
    SharedValue<PluginChain> plugins = {};
    bool is_fallback = false;  // requests that nobody else answers go to this one

    bool operator==(const ServiceSpec&) const = default;
};

struct RouteSpec {
    std::string host;     // lower case, without port: exact, "*.suffix" or "*"
    std::string path;     // "" for every path, else "/seg/seg": no trailing slash, no empty segment
    std::string service;  // "" where the rules share requests out or redirect all of them
    Origin origin;
    SharedValue<RouteConditions> conditions = {};  // none: every request
    SharedValue<RouteRules> rules = {};            // none: straight to the service

    bool operator==(const RouteSpec&) const = default;
};

/// "site.com/a/": the key of the store that a route is written under; "" for other sources' routes.
std::string_view frontend_name(const RouteSpec& route) noexcept;
/// The text of a route's conditions, "" for none: with host and path what tells routes apart.
const std::string& conditions_text(const RouteSpec& route) noexcept;
/// "web", "split web 9, next 1", "redirect https": where a route leads, for people.
std::string destination_text(const RouteSpec& route);
/// Of two routes of one host and path, whether `a` is asked first: more conditions before fewer;
/// then more exact values before prefixes before mere presence; then the source's precedence; then
/// the order of their texts.
bool is_asked_first(const RouteSpec& a, const RouteSpec& b) noexcept;

/// Something a source named that cannot be used; everything else goes on.
struct RejectedEntry {
    Origin origin;
    std::string why;  // what is wrong and what is allowed

    bool operator==(const RejectedEntry&) const = default;
};

/// The whole of what one source knows at one moment.
struct SourceState {
    SourceKind kind = SourceKind::file;
    std::vector<ServiceSpec> services;
    std::vector<RouteSpec> routes;
    std::vector<RejectedEntry> rejected;
    // When the thing happened that this state tells of (Docker's event time); for
    // event-to-effective.
    std::optional<WallTime> caused_at;

    /// Equality of content; `caused_at` does not count.
    bool says_the_same_as(const SourceState& other) const;
};

/// Checks and normalises a route's host: lower case, no port, no trailing dot.
Checked<std::string> parse_route_host(std::string_view text);
/// Bounds of a route's path, so that finding one takes little work and little of the stack.
inline constexpr std::size_t longest_route_path = 4096;
inline constexpr std::size_t most_route_segments = 64;
/// Checks and normalises a route's path to "/seg/seg" without empty segments; "/" and "" give "".
Checked<std::string> parse_route_path(std::string_view text);
/// Whether all of it may stand in the path of a request (RFC 9112 3.2), which is never decoded:
/// visible ASCII but ? and #, and % only before two hexadecimal digits.
bool is_path_text(std::string_view text) noexcept;
/// Service names: 1 to 200 characters without spaces and control characters (Redx allows the rest).
Checked<std::string> parse_service_name(std::string_view text);

}  // namespace fairlead::model
