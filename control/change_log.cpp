#include "control/change_log.hpp"

#include "proxy/base/log.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
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

void compare_routes(const model::RouteTable& before, const model::RouteTable& after,
                    ChangeCounts& counts, BoundedLog& out) {
    if (&before == &after) return;
    using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
    const auto key_of = [](const model::RouteSpec& route) {
        return Key(route.host, route.path, conditions_text(route));
    };
    std::map<Key, const model::RouteSpec*> old;
    for (const auto& entry : before.entries()) {
        old.emplace(key_of(entry.route), &entry.route);
    }
    for (const auto& entry : after.entries()) {
        const auto at = old.find(key_of(entry.route));
        const bool is_same = at != old.end() && at->second->service == entry.route.service &&
                             at->second->rules == entry.route.rules;
        if (is_same) {
            old.erase(at);
            continue;
        }
        ++counts.routes_added;
        route_line(out, "route.added", entry.route);
    }
    for (const auto& [key, route] : old) {
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

void compare_services(const model::Snapshot& before, const model::Snapshot& after,
                      ChangeCounts& counts, BoundedLog& out) {
    static const std::vector<model::EndpointSpec> none;
    for (const auto& [name, service] : after.services()) {
        const auto at = before.services().find(name);
        if (at == before.services().end()) {
            ++counts.services_added;
            out.info("service.added", log::kv("service", name),
                     log::kv("policy", service->settings.policy),
                     log::kv("origin", to_string(service->spec.origin)));
            compare_endpoints(name, none, service->spec.endpoints, counts, out);
            continue;
        }
        if (at->second == service) continue;
        if (at->second->settings != service->settings) {
            ++counts.settings_changed;
            out.info("service.settings", log::kv("service", name),
                     log::kv("policy", service->settings.policy),
                     log::kv("origin", to_string(service->spec.origin)));
        }
        compare_endpoints(name, at->second->spec.endpoints, service->spec.endpoints, counts, out);
    }
    for (const auto& [name, service] : before.services()) {
        if (after.services().contains(name)) continue;
        ++counts.services_removed;
        compare_endpoints(name, service->spec.endpoints, none, counts, out);
        out.info("service.removed", log::kv("service", name),
                 log::kv("origin", to_string(service->spec.origin)));
    }
}

void compare_rejected(const std::vector<model::RejectedEntry>& before,
                      const std::vector<model::RejectedEntry>& after, ChangeCounts& counts,
                      BoundedLog& out) {
    if (before == after) return;
    std::set<std::pair<std::string, std::string_view>> old;
    for (const auto& entry : before) old.emplace(to_string(entry.origin), entry.why);
    for (const auto& entry : after) {
        if (old.contains({to_string(entry.origin), entry.why})) continue;
        ++counts.rejected_added;
        out.warn("entry.rejected", log::kv("origin", to_string(entry.origin)),
                 log::kv("why", entry.why));
    }
}

}  // namespace

ChangeCounts log_changes(const model::Snapshot& before, const model::Snapshot& after) {
    ChangeCounts counts;
    BoundedLog out;
    // First what was refused: it matters most, and the number of lines is bounded.
    compare_rejected(before.rejected(), after.rejected(), counts, out);
    compare_services(before, after, counts, out);
    compare_routes(before.routes(), after.routes(), counts, out);
    return counts;
}

}  // namespace fairlead::control
