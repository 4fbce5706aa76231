#include "control/store_routes.hpp"

#include "control/shown_text.hpp"
#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::uint16_t default_port = 80;  // Redx's: a server without a port
// Names are bytes of any length to the store; nothing longer than these could ever be used.
constexpr std::size_t longest_url = 2048;
constexpr std::size_t longest_name = 200;
constexpr std::size_t longest_server = 512;

model::Origin origin(std::string place) {
    return model::Origin{model::SourceKind::store, std::move(place)};
}

void reject(model::SourceItem& item, std::string place, std::string why) {
    item.rejected.push_back({origin(std::move(place)), std::move(why)});
}

/// What every name must be before anything else is asked of it, or shown of it.
Checked<> check_text(std::string_view what, std::string_view text, std::size_t longest) {
    if (text.size() > longest) {
        return problem("{} is too long: {} bytes; allowed: at most {}", what, text.size(), longest);
    }
    if (!is_utf8(text)) return problem("{} is not UTF-8: '{}'", what, shown(text));
    return {};
}

/// Redx takes a score for a number or for nothing at all; anything else is a mistake to be told of.
bool is_number(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

Checked<model::Address> parse_server(std::string_view text) {
    if (const auto fit = check_text("the server's address", text, longest_server); !fit)
        return fit.error();
    if (text == "fallback") {
        return problem("the server 'fallback' is not supported; allowed: host or host:port");
    }
    if (text.starts_with("unix:") || text.find('/') != std::string_view::npos) {
        return problem("'{}' has a path, which is not supported; allowed: host or host:port", text);
    }
    auto address = model::parse_address(text, default_port);
    if (!address) {
        return problem("'{}' is not a server's address; allowed: host, host:port or [v6]:port",
                       text);
    }
    if (address->port == 0) return problem("'{}' has port 0; allowed: 1 to 65535", text);
    return address;
}

Checked<model::RouteSpec> parse_frontend(std::string_view url, unsigned max_path_length) {
    const auto slash = url.find('/');
    const auto host_text = url.substr(0, slash);
    const auto path_text = slash == std::string_view::npos ? std::string_view{} : url.substr(slash);
    if (path_text == "/") {
        return problem("a frontend without a path has no trailing slash; allowed: '{}'", host_text);
    }
    if (std::any_of(host_text.begin(), host_text.end(),
                    [](char c) { return ascii::to_lower(c) != c; })) {
        return problem("the host has upper case letters and so never matches; allowed: '{}'",
                       ascii::lower(host_text));
    }
    auto host = model::parse_route_host(host_text);
    if (!host) return host.error();
    if (*host != host_text) {
        return problem("the host ends with a dot and so never matches; allowed: '{}'", *host);
    }
    if (host->starts_with('*')) {
        return problem("'{}' is a wildcard, which frontends cannot have; allowed: a host name",
                       *host);
    }
    auto path = model::parse_route_path(path_text);
    if (!path) return path.error();
    const bool as_matched = *path == path_text || *path + "/" == path_text;
    if (!as_matched) {
        return problem("the path has empty segments and so never matches; allowed: '{}{}/'", *host,
                       *path);
    }
    const auto segments = static_cast<std::size_t>(std::count(path->begin(), path->end(), '/'));
    if (segments > max_path_length) {
        return problem(
            "the path has {} segments and so never matches; allowed: at most {} "
            "(api.max_path_length)",
            segments, max_path_length);
    }
    return model::RouteSpec{std::move(*host), std::move(*path), {}, {}};
}

model::SourceItem item_of(const std::string& name, const Backend& backend) {
    model::SourceItem item;
    const auto place = item_name({StoreEntry::Kind::backend, name});
    if (const auto fit = check_text("the backend's name", name, longest_name); !fit) {
        reject(item, shown(place), fit.error().text());
        return item;
    }
    if (const auto checked = model::parse_service_name(name); !checked) {
        // The name is the key of everything else of it, so nothing of this backend can be used.
        reject(item, place, checked.error().text());
        return item;
    }
    model::ServiceSpec service;
    service.name = name;
    service.origin = origin(place);
    for (const auto& [address_text, score] : backend.servers) {
        const auto server_place = fmt::format("{} server {}", place, shown(address_text));
        auto address = parse_server(address_text);
        if (!address) {
            reject(item, server_place, address.error().text());
            continue;
        }
        if (!is_number(score)) {
            reject(item, server_place, fmt::format("its score '{}' is not a number", shown(score)));
            continue;
        }
        const bool known =
            std::any_of(service.endpoints.begin(), service.endpoints.end(),
                        [&](const auto& other) { return other.address == *address; });
        if (known) {
            reject(item, server_place,
                   fmt::format("the backend has {} already", model::to_string(*address)));
            continue;
        }
        model::EndpointSpec endpoint;
        endpoint.identity = model::to_string(*address);
        endpoint.address = std::move(*address);
        endpoint.origin = origin(server_place);
        service.endpoints.push_back(std::move(endpoint));
    }
    item.services.push_back(std::move(service));
    return item;
}

model::SourceItem item_of(const std::string& url, const std::string& backend, bool is_shadowed,
                          unsigned max_path_length) {
    model::SourceItem item;
    const auto place = item_name({StoreEntry::Kind::frontend, url});
    if (const auto fit = check_text("the frontend", url, longest_url); !fit) {
        reject(item, shown(place), fit.error().text());
        return item;
    }
    if (const auto fit = check_text("its backend's name", backend, longest_name); !fit) {
        reject(item, place, fit.error().text());
        return item;
    }
    if (is_shadowed) {
        reject(item, place, fmt::format("'{}/' names the same route and wins", url));
        return item;
    }
    auto route = parse_frontend(url, max_path_length);
    if (!route) {
        reject(item, place, route.error().text());
        return item;
    }
    if (const auto name = model::parse_service_name(backend); !name) {
        reject(item, place, fmt::format("its backend's name: {}", name.error().text()));
        return item;
    }
    route->service = backend;
    route->origin = origin(place);
    item.routes.push_back(std::move(*route));
    return item;
}

/// Redx's lookup tries "host/seg/" first: beside it the form without the slash never matches.
bool is_shadowed(const StoreContents& contents, const std::string& url) {
    return !url.ends_with('/') && url.find('/') != std::string::npos &&
           contents.frontends.contains(url + "/");
}

}  // namespace

std::string item_name(const StoreEntry& entry) {
    const bool is_frontend = entry.kind == StoreEntry::Kind::frontend;
    return (is_frontend ? "frontend:" : "backend:") + entry.name;
}

std::optional<model::SourceItem> item_of(const StoreContents& contents, const StoreEntry& entry,
                                         unsigned max_path_length) {
    if (entry.kind == StoreEntry::Kind::backend) {
        const auto at = contents.backends.find(entry.name);
        if (at == contents.backends.end()) return std::nullopt;
        return item_of(at->first, at->second);
    }
    const auto at = contents.frontends.find(entry.name);
    if (at == contents.frontends.end()) return std::nullopt;
    return item_of(at->first, at->second, is_shadowed(contents, at->first), max_path_length);
}

}  // namespace fairlead::control
