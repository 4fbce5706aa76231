#include "control/change_log.hpp"

#include "proxy/base/log.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::size_t most_lines = 40;

/// Writes lines until there were enough; the summary tells how many there would have been.
class BoundedLog {
public:
    template <class... Pairs>
    void info(std::string_view event, const Pairs&... pairs) {
        if (lines_++ < most_lines) log::info(event, pairs...);
    }
    template <class... Pairs>
    void warn(std::string_view event, const Pairs&... pairs) {
        if (lines_++ < most_lines) log::warn(event, pairs...);
    }
    ~BoundedLog() {
        if (lines_ > most_lines) log::info("change.more", log::kv("lines", lines_ - most_lines));
    }
    BoundedLog() = default;
    BoundedLog(const BoundedLog&) = delete;
    BoundedLog& operator=(const BoundedLog&) = delete;

private:
    std::size_t lines_ = 0;
};

void route_line(BoundedLog& out, std::string_view event, const model::RouteSpec& route) {
    out.info(
        event, log::kv("host", route.host), log::kv("path", route.path.empty() ? "/" : route.path),
        log::kv("conditions", route.conditions ? route.conditions->text() : "-"),
        log::kv("service", destination_text(route)), log::kv("origin", to_string(route.origin)));
}

/// One place: its routes before and after, told apart by their conditions.
void compare_routes(const model::RouteTable::Entry* before, const model::RouteTable::Entry* after,
                    ChangeCounts& counts, BoundedLog& out) {
    std::map<std::string_view, const model::RouteSpec*> old;
    for (; before != nullptr; before = before->next.get())
        old.emplace(conditions_text(before->route), &before->route);
    for (; after != nullptr; after = after->next.get()) {
        const auto at = old.find(conditions_text(after->route));
        const bool is_same = at != old.end() && at->second->service == after->route.service &&
                             at->second->rules == after->route.rules;
        if (is_same) {
            old.erase(at);
            continue;
        }
        ++counts.routes_added;
        route_line(out, "route.added", after->route);
    }
    for (const auto& [conditions, route] : old) {
        ++counts.routes_removed;
        route_line(out, "route.removed", *route);
    }
}

void endpoint_line(BoundedLog& out, std::string_view event, const std::string& service,
                   const model::EndpointSpec& endpoint) {
    out.info(event, log::kv("service", service), log::kv("address", to_string(endpoint.address)),
             log::kv("identity", endpoint.identity), log::kv("weight", endpoint.weight),
             log::kv("admission", to_string(endpoint.admission)),
             log::kv("origin", to_string(endpoint.origin)));
}

void compare_endpoints(const std::string& service, const std::vector<model::EndpointSpec>& before,
                       const std::vector<model::EndpointSpec>& after, ChangeCounts& counts,
                       BoundedLog& out) {
    std::map<std::string_view, const model::EndpointSpec*> old;
    for (const auto& endpoint : before) old.emplace(endpoint.identity, &endpoint);
    for (const auto& endpoint : after) {
        const auto at = old.find(endpoint.identity);
        if (at == old.end()) {
            ++counts.endpoints_added;
            endpoint_line(out, "endpoint.added", service, endpoint);
            continue;
        }
        // The admission stands in the specification: the endpoint's state is shared by both
        // snapshots.
        if (at->second->admission != endpoint.admission) {
            ++counts.admissions_changed;
            out.info("endpoint.admission", log::kv("service", service),
                     log::kv("address", to_string(endpoint.address)),
                     log::kv("from", to_string(at->second->admission)),
                     log::kv("to", to_string(endpoint.admission)),
                     log::kv("origin", to_string(endpoint.origin)));
        }
        if (at->second->weight != endpoint.weight || at->second->address != endpoint.address) {
            ++counts.endpoints_changed;
            endpoint_line(out, "endpoint.changed", service, endpoint);
        }
        old.erase(at);
    }
    for (const auto& [identity, endpoint] : old) {
        ++counts.endpoints_removed;
        endpoint_line(out, "endpoint.removed", service, *endpoint);
    }
}

void compare_services(const model::Service* before, const model::Service* after,
                      ChangeCounts& counts, BoundedLog& out) {
    static const std::vector<model::EndpointSpec> none;
    if (before == after) return;
    if (after == nullptr) {
        ++counts.services_removed;
        compare_endpoints(before->spec.name, before->spec.endpoints, none, counts, out);
        out.info("service.removed", log::kv("service", before->spec.name),
                 log::kv("origin", to_string(before->spec.origin)));
        return;
    }
    const auto& name = after->spec.name;
    if (before == nullptr) {
        ++counts.services_added;
        out.info("service.added", log::kv("service", name),
                 log::kv("policy", after->settings.policy),
                 log::kv("origin", to_string(after->spec.origin)));
    } else if (before->settings != after->settings) {
        ++counts.settings_changed;
        out.info("service.settings", log::kv("service", name),
                 log::kv("policy", after->settings.policy),
                 log::kv("origin", to_string(after->spec.origin)));
    }
    compare_endpoints(name, before == nullptr ? none : before->spec.endpoints,
                      after->spec.endpoints, counts, out);
}

}  // namespace

ChangeCounts log_changes(const model::CatalogChange& change, const model::Snapshot& before,
                         const model::Snapshot& after) {
    ChangeCounts counts;
    BoundedLog out;
    // First what was refused: it matters most, and the number of lines is bounded.
    for (const auto& entry : change.rejected) {
        ++counts.rejected_added;
        out.warn("entry.rejected", log::kv("origin", to_string(entry.origin)),
                 log::kv("why", entry.why));
    }
    for (const auto& service : change.services) {
        compare_services(before.services().find(service.name), after.services().find(service.name),
                         counts, out);
    }
    for (const auto& place : change.places) {
        compare_routes(before.routes().at(place.host, place.path),
                       after.routes().at(place.host, place.path), counts, out);
    }
    return counts;
}

}  // namespace fairlead::control
