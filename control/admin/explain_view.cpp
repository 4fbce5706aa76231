#include "control/admin/explain_view.hpp"

#include "control/admin/admin_views.hpp"
#include "control/config/setting_values.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace fairlead::control {
namespace {

namespace json = boost::json;
using Why = RouteVerdict::Why;

std::string_view verdict_name(Why why) noexcept {
    switch (why) {
        case Why::chosen:
            return "chosen";
        case Why::condition:
            return "condition";
        case Why::wider_host:
            return "wider_host";
        case Why::shorter_path:
            return "shorter_path";
        case Why::asked_later:
            return "asked_later";
        case Why::other_path:
            break;
    }
    return "other_path";
}

std::string why_text(const RouteVerdict& verdict, const Explanation& explanation) {
    const auto shown_path = [](const std::string& path) { return path.empty() ? "/" : path; };
    switch (verdict.why) {
        case Why::chosen:
            return "the most specific host, then the longest path, whose conditions hold";
        case Why::condition:
            return fmt::format("its condition does not hold: {}", verdict.condition);
        case Why::wider_host:
            return fmt::format("its host is less specific than {}", explanation.chosen->route.host);
        case Why::shorter_path:
            return fmt::format("its path is shorter than {}",
                               shown_path(explanation.chosen->route.path));
        case Why::asked_later:
            return fmt::format("the chosen one of the same host and path has {} conditions",
                               explanation.chosen->route.conditions ? "more or sharper" : "no");
        case Why::other_path:
            break;
    }
    return fmt::format("its path does not begin {}", explanation.path);
}

json::object rule_origins(const model::RouteRules& rules) {
    json::object view;
    if (!rules.origins) return view;
    for (const auto& entry : rules.origins->entries())
        view[entry.key] = to_string(*rules.origins->find(entry.key));
    return view;
}

json::object full_route_view(const model::RouteSpec& route) {
    auto view = route_view(route);
    if (route.rules && route.rules->origins) view["rule_origins"] = rule_origins(*route.rules);
    return view;
}

json::object answer_view(const Explanation& explanation) {
    json::object view;
    const auto reason = explanation.answer;
    if (reason == Reason::none) {
        view["by"] = "endpoint";
        return view;
    }
    view["by"] = explanation.falls_back ? "fallback" : "fairlead";
    view["status"] = explanation.redirect_status != 0 && reason == Reason::redirected
                         ? explanation.redirect_status
                         : status_of(reason);
    view["reason"] = to_string(reason);
    view["text"] = text_of(reason);
    if (reason == Reason::redirected) view["location"] = explanation.location;
    return view;
}

json::array settings_list(const model::Service& service) {
    const auto& settings = service.settings;
    json::array list;
    for (auto& [key, value] : setting_values(settings)) {
        // The store's servers are chosen by a chain of plugins.
        const bool is_chain = key == "policy" && service.plugins() != nullptr;
        json::object view;
        view["key"] = key;
        view["value"] = is_chain ? policy_text(service) : value;
        view["origin"] = is_chain ? to_string(service.spec.origin) : setting_origin(settings, key);
        list.push_back(std::move(view));
    }
    return list;
}

json::object destination_view(const Destination& to, TimePoint now, WallTime wall_now) {
    json::object view;
    view["name"] = to.name;
    view["weight"] = to.weight;
    view["can_be_drawn"] = to.can_be_drawn;
    view["is_defined"] = to.service != nullptr;
    json::array endpoints;
    for (std::size_t i = 0; i < to.candidates.size(); ++i) {
        auto endpoint = endpoint_view(*to.service, i, now, wall_now);
        endpoint["can_be_picked"] = to.candidates[i].can_be_picked;
        endpoints.push_back(std::move(endpoint));
    }
    if (to.service != nullptr) {
        view["origin"] = origin_view(to.service->spec.origin);
        view["settings"] = settings_list(*to.service);
    }
    view["endpoints"] = std::move(endpoints);
    return view;
}

json::array routes_list(const Explanation& explanation) {
    json::array list;
    for (const auto& verdict : explanation.routes) {
        auto view = full_route_view(verdict.entry->route);
        view["verdict"] = verdict_name(verdict.why);
        view["why"] = why_text(verdict, explanation);
        list.push_back(std::move(view));
    }
    return list;
}

/// Of the places that the request comes by: elsewhere it would not have mattered.
json::array losers_list(const Explanation& explanation,
                        const std::vector<model::LosingRoute>& losers) {
    json::array list;
    for (const auto& loser : losers) {
        const bool is_near = std::any_of(
            explanation.routes.begin(), explanation.routes.end(), [&](const auto& verdict) {
                const auto& route = verdict.entry->route;
                return verdict.why != Why::other_path && route.host == loser.route.host &&
                       route.path == loser.route.path;
            });
        if (!is_near) continue;
        auto view = full_route_view(loser.route);
        view["verdict"] = "precedence";
        view["why"] = loser.why;
        list.push_back(std::move(view));
    }
    return list;
}

json::object request_view(const Question& question, const Explanation& explanation) {
    json::object view;
    view["method"] = question.method;
    view["scheme"] = question.scheme;
    view["host"] = explanation.host;
    view["path"] = explanation.path;
    view["client"] = question.client;
    return view;
}

json::object outcome_view(const Explanation& explanation) {
    json::object view;
    if (explanation.is_admitted) view["admitted"] = *explanation.is_admitted;
    if (explanation.rate_wait) {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*explanation.rate_wait);
        view["rate_wait_ms"] = ms.count();
    }
    if (explanation.redirect_status != 0) {
        view["redirect_status"] = explanation.redirect_status;
        view["location"] = explanation.location;
    }
    view["sent_target"] = explanation.sent_target;
    view["sent_host"] = explanation.sent_host;
    view["drawn_anew"] = explanation.is_drawn;
    return view;
}

}  // namespace

json::object explain_view(const Question& question, const Explanation& explanation,
                          const std::vector<model::LosingRoute>& losers, TimePoint now,
                          WallTime wall_now) {
    json::object page;
    page["version"] = explanation.snapshot->version();
    page["request"] = request_view(question, explanation);
    page["answer"] = answer_view(explanation);
    if (explanation.chosen != nullptr) {
        page["route"] = full_route_view(explanation.chosen->route);
        page["outcome"] = outcome_view(explanation);
    } else {
        page["route"] = nullptr;
    }
    page["routes"] = routes_list(explanation);
    page["more_routes"] = explanation.more_routes;
    page["losers"] = losers_list(explanation, losers);
    json::array services;
    for (const auto& to : explanation.destinations)
        services.push_back(destination_view(to, now, wall_now));
    page["services"] = std::move(services);
    return page;
}

}  // namespace fairlead::control
