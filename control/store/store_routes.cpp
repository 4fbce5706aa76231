#include "control/store/store_routes.hpp"

#include "control/store/shown_text.hpp"
#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
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
std::optional<double> read_number(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number =
        ec == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
    return is_number ? std::optional(value) : std::nullopt;
}

/// A request target as it can stand in a request line.
bool is_target(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

Checked<model::EndpointSpec> parse_server(std::string_view text) {
    if (const auto fit = check_text("the server's address", text, longest_server); !fit)
        return fit.error();
    model::StoredServer stored;
    stored.text = text;
    model::EndpointSpec endpoint;
    if (text == "fallback") {
        stored.is_fallback = true;
        endpoint.address = model::Address::tcp("fallback", default_port);
        endpoint.identity = text;
        endpoint.stored = std::move(stored);
        return endpoint;
    }
    const auto slash = text.find('/');
    auto address = model::parse_address(text.substr(0, slash), default_port);
    if (!address || address->kind != model::Address::Kind::tcp) {
        return problem(
            "'{}' is not a server's address; allowed: host, host:port or [v6]:port, with or "
            "without a path",
            text);
    }
    if (address->port == 0) return problem("'{}' has port 0; allowed: 1 to 65535", text);
    if (slash != std::string_view::npos) stored.target = text.substr(slash);
    if (!is_target(stored.target)) {
        return problem("the path of '{}' has a space, a control character, # or non-ASCII bytes",
                       text);
    }
    endpoint.identity = model::to_string(*address) + stored.target;
    endpoint.address = std::move(*address);
    endpoint.stored = std::move(stored);
    return endpoint;
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

/// The chain of that backend: everybody's, unless its config has a say.
model::SharedValue<model::PluginChain> chain_of(const Backend& backend, const KeyRules& rules,
                                                const std::string& place, model::SourceItem& item) {
    const auto config = backend.config.find("max_score");
    if (config == backend.config.end()) return rules.plugins;
    const auto max_score = read_number(config->second);
    if (!max_score) {
        reject(item, place + " config max_score",
               fmt::format("'{}' is not a number", shown(config->second)));
        return rules.plugins;
    }
    auto chain = *rules.plugins;
    chain.max_score = max_score;
    return chain;
}

/// `known`: the identities of the servers before it.
void add_server(model::SourceItem& item, model::ServiceSpec& service,
                std::unordered_set<std::string>& known, const std::string& text,
                const std::string& score_text, const KeyRules& rules) {
    const auto place = fmt::format("{} server {}", service.origin.place, shown(text));
    auto endpoint = parse_server(text);
    if (!endpoint) {
        reject(item, place, endpoint.error().text());
        return;
    }
    if (!known.insert(endpoint->identity).second) {
        reject(item, place, fmt::format("the backend has {} already", endpoint->identity));
        return;
    }
    const auto score = read_number(score_text);
    if (!score) {
        reject(item, place,
               fmt::format("its score '{}' is not a number and counts as 0", shown(score_text)));
    }
    auto stored = *endpoint->stored;
    stored.score = score.value_or(0);
    if (rules.has_stickiness) stored.cookie = model::sticky_cookie(text);
    endpoint->stored = std::move(stored);
    endpoint->origin = origin(place);
    service.endpoints.push_back(std::move(*endpoint));
}

model::SourceItem item_of(const std::string& name, const Backend& backend, const KeyRules& rules) {
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
    service.plugins = chain_of(backend, rules, place, item);
    std::unordered_set<std::string> known;
    for (const auto& [address, score] : backend.servers)
        add_server(item, service, known, address, score, rules);
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
                                         const KeyRules& rules) {
    if (entry.kind == StoreEntry::Kind::backend) {
        const auto at = contents.backends.find(entry.name);
        if (at == contents.backends.end()) return std::nullopt;
        return item_of(at->first, at->second, rules);
    }
    const auto at = contents.frontends.find(entry.name);
    if (at == contents.frontends.end()) return std::nullopt;
    return item_of(at->first, at->second, is_shadowed(contents, at->first), rules.max_path_length);
}

}  // namespace fairlead::control
