#include "control/store/hipache.hpp"

#include "control/store/shown_text.hpp"
#include "proxy/base/ascii.hpp"
#include "proxy/model/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::uint16_t default_port = 80;
constexpr std::uint32_t heaviest = 1000;
constexpr std::size_t longest_server = 512;

model::Origin origin(std::string place) {
    return {model::SourceKind::store, std::move(place)};
}

Checked<model::Address> parse_server(std::string_view url) {
    constexpr std::string_view allowed = "allowed: http://host:port";
    const auto refuse = [&](std::string_view why) {
        return problem("'{}' {}; {}", shown(url), why, allowed);
    };
    if (url.size() > longest_server) return refuse("is too long for a server's URL");
    const auto end_of_scheme = url.find("://");
    if (end_of_scheme == std::string_view::npos) return refuse("is not a server's URL");
    const auto scheme = ascii::lower(url.substr(0, end_of_scheme));
    if (scheme == "https" || scheme == "wss")
        return refuse("speaks TLS, which Hipache's servers never did");
    if (scheme != "http" && scheme != "ws") return refuse("has an unknown scheme");
    const auto rest = url.substr(end_of_scheme + 3);
    const auto place = rest.substr(0, rest.find_first_of("/?#"));
    if (place.find('@') != std::string_view::npos) return refuse("has a user name");
    auto address = model::parse_address(place, default_port);
    if (!address || address->kind == model::Address::Kind::unix_socket)
        return refuse("is not a server's URL");
    if (address->port == 0) return refuse("has port 0");
    return address;
}

/// A server that stands twice is one endpoint of twice the weight. Dead is it where every one of
/// its places in the list is.
void add_endpoint(model::ServiceSpec& service, model::Address address, bool is_dead,
                  std::string place) {
    auto& endpoints = service.endpoints;
    const auto known = std::find_if(endpoints.begin(), endpoints.end(),
                                    [&](const auto& other) { return other.address == address; });
    const auto admission = is_dead ? model::Admission::unhealthy : model::Admission::ready;
    if (known == endpoints.end()) {
        model::EndpointSpec endpoint;
        endpoint.identity = model::to_string(address);
        endpoint.address = std::move(address);
        endpoint.admission = admission;
        endpoint.origin = origin(std::move(place));
        endpoints.push_back(std::move(endpoint));
        return;
    }
    if (is_dead) return;
    if (known->admission == model::Admission::ready) {
        known->weight = std::min(known->weight + 1, heaviest);
    } else {
        known->admission = model::Admission::ready;
    }
}

}  // namespace

model::SourceItem hipache_item(const std::string& host, const HipacheFrontend& frontend) {
    model::SourceItem item;
    const auto key = std::string(frontend_prefix) + host;
    const auto reject = [&](std::string place, std::string why) {
        item.rejected.push_back({origin(std::move(place)), std::move(why)});
    };
    const auto route_host = is_utf8(host) && host.size() <= longest_server
                                ? model::parse_route_host(host)
                                : Checked<std::string>(problem("the host is no host name"));
    if (!route_host) {
        reject(shown(key), route_host.error().text());
        return item;
    }
    const auto service_name = model::parse_service_name("hipache:" + *route_host);
    if (!service_name) {
        reject(shown(key), service_name.error().text());
        return item;
    }
    model::ServiceSpec service;
    service.name = *service_name;
    service.origin = origin(key);
    for (std::size_t i = 0; i < frontend.servers.size(); ++i) {
        auto place = fmt::format("{} server {}", key, i);
        auto address = parse_server(frontend.servers[i]);
        if (address) {
            add_endpoint(service, std::move(*address), frontend.dead.contains(i), std::move(place));
        } else {
            reject(std::move(place), address.error().text());
        }
    }
    model::RouteSpec route;
    route.host = *route_host;
    route.service = service.name;
    route.origin = origin(key);
    item.routes.push_back(std::move(route));
    item.services.push_back(std::move(service));
    return item;
}

}  // namespace fairlead::control
