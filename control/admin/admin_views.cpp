#include "control/admin/admin_views.hpp"

#include "control/admin/rules_view.hpp"
#include "control/time_text.hpp"
#include "proxy/base/duration_text.hpp"

#include <boost/json/array.hpp>

namespace fairlead::control {
namespace {

namespace json = boost::json;

/// What is wrong with where a route leads; "" where nothing is.
std::string problem_of(const model::RouteSpec& route, const model::Snapshot& snapshot) {
    const auto is_missing = [&](const std::string& service) {
        return !service.empty() && !snapshot.services().contains(service);
    };
    if (is_missing(route.service))
        return "no source defines this service: its requests get 503 no_service";
    if (!route.rules) return {};
    for (const auto& share : route.rules->split.shares) {
        if (is_missing(share.service))
            return "no source defines the service " + share.service + ": the others get its share";
    }
    return {};
}

json::array rejected_view(const model::Catalog& catalog) {
    json::array list;
    for (const auto& entry : catalog.rejected()) {
        json::object view;
        view["origin"] = origin_view(entry.origin);
        view["why"] = entry.why;
        list.push_back(std::move(view));
    }
    return list;
}

/// Which of them are set, and where; all others are defaults.
json::object setting_origins_view(const model::ServiceSettings& settings) {
    json::object view;
    if (!settings.origins) return view;
    for (const auto& entry : settings.origins->entries())
        view[entry.key] = to_string(*settings.origins->find(entry.key));
    return view;
}

json::object settings_view(const model::ServiceSettings& settings) {
    json::object timeouts;
    timeouts["connect"] = duration_text(settings.timeouts.connect);
    timeouts["first_byte"] = duration_text(settings.timeouts.first_byte);
    timeouts["idle"] = duration_text(settings.timeouts.idle);
    timeouts["total"] = duration_text(settings.timeouts.total);
    json::object view;
    view["policy"] = settings.policy;
    view["timeouts"] = std::move(timeouts);
    view["attempts"] = settings.attempts;
    view["ejection"] = duration_text(settings.ejection);
    view["drain"] = duration_text(settings.drain);
    return view;
}

}  // namespace

json::object origin_view(const model::Origin& origin) {
    json::object view;
    view["source"] = to_string(origin.source);
    view["place"] = origin.place;
    return view;
}

json::object route_view(const model::RouteSpec& route) {
    json::object view;
    view["host"] = route.host;
    view["path"] = route.path.empty() ? "/" : route.path;
    view["conditions"] = conditions_text(route);
    view["service"] = destination_text(route);
    if (route.rules) view["rules"] = rules_view(*route.rules);
    view["origin"] = origin_view(route.origin);
    return view;
}

json::object endpoint_view(const model::Service& service, std::size_t index, TimePoint now,
                           WallTime wall_now) {
    const auto& endpoint = service.endpoints[index];
    const auto& origins = service.spec.endpoints[index].origins;
    const auto weight_origin = origins ? origins->find("weight") : std::nullopt;
    json::object view;
    view["address"] = endpoint.name;
    view["state"] = endpoint_state_name(endpoint, now);
    view["in_flight"] = endpoint.state->in_flight();
    view["requests"] = endpoint.state->requests();
    view["ejections"] = endpoint.state->ejections();
    if (endpoint.state->is_ejected(now)) {
        const auto left = endpoint.state->ejected_until() - now;
        view["ejected_for"] = to_string(endpoint.state->ejected_for());
        view["ejected_until"] =
            time_text(wall_now + std::chrono::duration_cast<WallTime::duration>(left));
    }
    view["weight"] = endpoint.weight;
    view["weight_origin"] = weight_origin ? to_string(*weight_origin) : "default";
    view["identity"] = endpoint.state->identity();
    view["origin"] = origin_view(endpoint.origin);
    return view;
}

json::object routes_view(const model::Snapshot& snapshot, const model::Catalog& catalog) {
    json::array routes;
    for (const auto* const entry : snapshot.routes().entries()) {
        auto view = route_view(entry->route);
        auto problem = problem_of(entry->route, snapshot);
        if (!problem.empty()) view["problem"] = std::move(problem);
        routes.push_back(std::move(view));
    }
    json::array losers;
    for (const auto& loser : catalog.losers()) {
        auto view = route_view(loser.route);
        view["why"] = loser.why;
        losers.push_back(std::move(view));
    }
    json::object page;
    page["version"] = snapshot.version();
    page["routes"] = std::move(routes);
    page["losers"] = std::move(losers);
    page["rejected"] = rejected_view(catalog);
    return page;
}

json::object services_view(const model::Snapshot& snapshot, const model::Catalog& catalog,
                           TimePoint now, WallTime wall_now) {
    json::array services;
    for (const auto* const service : snapshot.services().sorted()) {
        services.push_back(service_view(*service, now, wall_now));
    }
    json::object page;
    page["version"] = snapshot.version();
    page["services"] = std::move(services);
    page["rejected"] = rejected_view(catalog);
    return page;
}

json::object service_view(const model::Service& service, TimePoint now, WallTime wall_now) {
    json::array endpoints;
    for (std::size_t i = 0; i < service.endpoints.size(); ++i)
        endpoints.push_back(endpoint_view(service, i, now, wall_now));
    json::object view;
    view["name"] = service.spec.name;
    view["origin"] = origin_view(service.spec.origin);
    auto settings = settings_view(service.settings);
    settings["policy"] = policy_text(service);
    view["settings"] = std::move(settings);
    view["setting_origins"] = setting_origins_view(service.settings);
    view["endpoints"] = std::move(endpoints);
    return view;
}

std::string_view endpoint_state_name(const model::Endpoint& endpoint, TimePoint now) noexcept {
    const auto admission = endpoint.state->admission();
    if (admission == model::Admission::ready && endpoint.state->is_ejected(now)) return "ejected";
    return to_string(admission);
}

}  // namespace fairlead::control
