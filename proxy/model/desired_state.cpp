#include "proxy/model/desired_state.hpp"

#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace fairlead::model {
namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035 2.3.4
constexpr std::size_t longest_service_name = 200;

}  // namespace

std::string_view to_string(SourceKind kind) noexcept {
    switch (kind) {
        case SourceKind::file:
            return "file";
        case SourceKind::store:
            return "store";
        case SourceKind::docker:
            break;
    }
    return "docker";
}

std::string to_string(const Origin& origin) {
    return fmt::format("{}: {}", to_string(origin.source), origin.place);
}

std::string_view to_string(Admission admission) noexcept {
    switch (admission) {
        case Admission::ready:
            return "ready";
        case Admission::starting:
            return "starting";
        case Admission::unhealthy:
            return "unhealthy";
        case Admission::paused:
            return "paused";
        case Admission::draining:
            break;
    }
    return "draining";
}

std::string_view frontend_name(const RouteSpec& route) noexcept {
    constexpr std::string_view prefix = "frontend:";
    const std::string_view place = route.origin.place;
    if (route.origin.source != SourceKind::store || !place.starts_with(prefix)) return {};
    return place.substr(prefix.size());
}

const std::string& conditions_text(const RouteSpec& route) noexcept {
    static const std::string none;
    return route.conditions ? route.conditions->text() : none;
}

std::string destination_text(const RouteSpec& route) {
    std::vector<std::string> parts;
    if (!route.service.empty()) parts.push_back(route.service);
    if (route.rules) {
        const auto& rules = *route.rules;
        if (!rules.split.shares.empty()) {
            std::vector<std::string> shares;
            for (const auto& share : rules.split.shares)
                shares.push_back(fmt::format("{} {}", share.service, share.weight));
            parts.push_back(fmt::format("split {}", fmt::join(shares, ", ")));
        }
        if (rules.redirect) {
            const auto& to = *rules.redirect;
            parts.push_back(fmt::format("redirect {}{}{}{}", to.scheme,
                                        to.scheme.empty() || to.host.empty() ? "" : "://", to.host,
                                        to.path));
        }
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

bool is_asked_first(const RouteSpec& a, const RouteSpec& b) noexcept {
    const auto rank = [](const RouteSpec& route) {
        return route.conditions
                   ? std::pair(route.conditions->count(), route.conditions->sharpness())
                   : std::pair<std::size_t, std::size_t>();
    };
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    return std::tie(a.origin.source, conditions_text(a)) <
           std::tie(b.origin.source, conditions_text(b));
}

bool SourceState::says_the_same_as(const SourceState& other) const {
    return std::tie(kind, services, routes, rejected) ==
           std::tie(other.kind, other.services, other.routes, other.rejected);
}

Checked<std::string> parse_route_host(std::string_view text) {
    if (text == "*") return std::string("*");
    const auto refuse = [&](std::string_view why) {
        return problem("'{}' is not a route's host: {}; allowed: a host name, *.suffix or *", text,
                       why);
    };
    std::string_view name = text;
    if (name.starts_with("*.")) name.remove_prefix(2);
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return refuse("it is empty");
    if (name.size() > longest_host) return refuse("it is longer than 253 characters");
    if (name.find(':') != std::string_view::npos && !name.starts_with('['))
        return refuse("it has a port or a scheme");
    if (name.starts_with('[')) {
        if (!name.ends_with(']')) return refuse("']' is missing or something follows it");
        for (char c : name.substr(1, name.size() - 2)) {
            if (!ascii::is_alnum(c) && c != ':' && c != '.')
                return refuse("it is not an IPv6 address");
        }
    } else {
        for (char c : name) {
            if (!is_host_character(c))
                return refuse("it has a character that host names cannot have");
        }
        if (name.front() == '.' || name.find("..") != std::string_view::npos)
            return refuse("a label is empty");
    }
    std::string host = ascii::lower(text);
    if (host.ends_with('.')) host.pop_back();
    return host;
}

bool is_path_text(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c <= 0x20 || c >= 0x7f || c == '?' || c == '#') return false;
        if (c != '%') continue;
        if (text.size() - i < 3 || !ascii::is_hex(text[i + 1]) || !ascii::is_hex(text[i + 2]))
            return false;
    }
    return true;
}

Checked<std::string> parse_route_path(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return problem("'{}' is not a route's path: {}; allowed: /, or /segment/segment", text,
                       why);
    };
    if (!text.empty() && text.front() != '/') return refuse("it does not start with /");
    std::string path;
    for (auto rest = text; !rest.empty();) {
        rest.remove_prefix(1);  // the slash
        const auto segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        if (segment.empty()) continue;
        if (!is_path_text(segment))
            return refuse("it has a space, ?, #, a bad %, or bytes that are not visible ASCII");
        path.append("/").append(segment);
    }
    if (path.size() > longest_route_path) return refuse("it is longer than 4096 bytes");
    if (std::count(path.begin(), path.end(), '/') > std::ptrdiff_t{most_route_segments})
        return refuse("it has more than 64 segments");
    return path;
}

Checked<std::string> parse_service_name(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return problem(
            "'{}' is not a service name: {}; allowed: 1 to {} characters without spaces and "
            "control characters",
            text, why, longest_service_name);
    };
    if (text.empty()) return refuse("it is empty");
    if (text.size() > longest_service_name) return refuse("it is too long");
    for (char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
            return refuse("it has a space or control character");
    }
    return std::string(text);
}

}  // namespace fairlead::model
