#include "control/store_routes.hpp"

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

std::string place_of_frontend(const std::string& url) {
    return "frontend:" + url;
}

class Reading {
public:
    explicit Reading(unsigned max_path_length) : max_path_length_(max_path_length) {
        state_.kind = model::SourceKind::store;
    }

    void add(const std::string& name, const Backend& backend);
    void add(const std::string& url, const std::string& backend);
    void reject_shadowed(const std::string& url) {
        reject(place_of_frontend(url), fmt::format("'{}/' names the same route and wins", url));
    }

    model::SourceState take() && { return std::move(state_); }

private:
    static model::Origin origin(std::string place) {
        return model::Origin{model::SourceKind::store, std::move(place)};
    }
    void reject(std::string place, std::string why) {
        state_.rejected.push_back({origin(std::move(place)), std::move(why)});
    }

    unsigned max_path_length_;
    model::SourceState state_;
};

/// Redx takes a score for a number or for nothing at all; anything else is a mistake to be told of.
bool is_number(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}

Checked<model::Address> parse_server(std::string_view text) {
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

void Reading::add(const std::string& name, const Backend& backend) {
    const auto place = "backend:" + name;
    if (const auto checked = model::parse_service_name(name); !checked) {
        // The name is the key of everything else of it, so nothing of this backend can be used.
        reject(place, checked.error().text());
        return;
    }
    model::ServiceSpec service;
    service.name = name;
    service.origin = origin(place);
    for (const auto& [address_text, score] : backend.servers) {
        const auto server_place = fmt::format("{} server {}", place, address_text);
        auto address = parse_server(address_text);
        if (!address) {
            reject(server_place, address.error().text());
            continue;
        }
        if (!is_number(score)) {
            reject(server_place, fmt::format("its score '{}' is not a number", score));
            continue;
        }
        const bool known =
            std::any_of(service.endpoints.begin(), service.endpoints.end(),
                        [&](const auto& other) { return other.address == *address; });
        if (known) {
            reject(server_place,
                   fmt::format("the backend has {} already", model::to_string(*address)));
            continue;
        }
        model::EndpointSpec endpoint;
        endpoint.identity = model::to_string(*address);
        endpoint.address = std::move(*address);
        endpoint.origin = origin(server_place);
        service.endpoints.push_back(std::move(endpoint));
    }
    state_.services.push_back(std::move(service));
}

void Reading::add(const std::string& url, const std::string& backend) {
    auto route = parse_frontend(url, max_path_length_);
    if (!route) {
        reject(place_of_frontend(url), route.error().text());
        return;
    }
    if (const auto name = model::parse_service_name(backend); !name) {
        reject(place_of_frontend(url), fmt::format("its backend's name: {}", name.error().text()));
        return;
    }
    route->service = backend;
    route->origin = origin(place_of_frontend(url));
    state_.routes.push_back(std::move(*route));
}

}  // namespace

model::SourceState routes_of(const StoreContents& contents, unsigned max_path_length) {
    Reading reading(max_path_length);
    for (const auto& [name, backend] : contents.backends) reading.add(name, backend);
    for (const auto& [url, backend] : contents.frontends) {
        // Redx's lookup tries "host/seg/" first: beside it the form without the slash never
        // matches.
        if (!url.ends_with('/') && contents.frontends.contains(url + "/") &&
            url.find('/') != std::string::npos) {
            reading.reject_shadowed(url);
            continue;
        }
        reading.add(url, backend);
    }
    return std::move(reading).take();
}

}  // namespace fairlead::control
