#include "control/change_records.hpp"

#include "control/admin/rules_view.hpp"
#include "control/config/setting_values.hpp"
#include "proxy/base/log.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::size_t most_lines = 40;

using Endpoints = std::vector<model::EndpointSpec>;

std::string route_name(const model::RouteSpec& route) {
    const auto& conditions = conditions_text(route);
    return fmt::format("{}{}{}", route.host, route.path.empty() ? "/" : route.path,
                       conditions.empty() ? "" : fmt::format(" [{}]", conditions));
}

std::string route_text(const model::RouteSpec& route) {
    auto text = destination_text(route);
    if (route.rules) text.append(" ").append(boost::json::serialize(rules_view(*route.rules)));
    return text;
}

std::string endpoint_text(const model::EndpointSpec& endpoint, bool with_address) {
    auto text = fmt::format("weight {}, {}", endpoint.weight, to_string(endpoint.admission));
    if (with_address) text = to_string(endpoint.address) + ", " + text;
    return text;
}

/// What is set expressly: "policy p2c, drain 5s"; "defaults" where nothing is.
std::string settings_text(const model::ServiceSettings& settings) {
    std::string text;
    for (const auto& [key, value] : setting_values(settings)) {
        if (!settings.origins || !settings.origins->find(key)) continue;
        text.append(text.empty() ? "" : ", ").append(key).append(" ").append(value);
    }
    return text.empty() ? "defaults" : text;
}

/// Whether that route is among them, wherever it and the winner are written now.
bool has_same(const std::vector<model::LosingRoute>& losers, const model::LosingRoute& loser) {
    return std::any_of(losers.begin(), losers.end(), [&](const auto& other) {
        return other.route.origin.source == loser.route.origin.source &&
               other.route.conditions == loser.route.conditions &&
               route_text(other.route) == route_text(loser.route);
    });
}

class Comparison {
public:
    Comparison(const model::Snapshot& before, std::size_t most) : before_(before), most_(most) {}

    void rejected(const model::RejectedEntry& entry) {
        ++out_.counts.rejected_added;
        add("entry.rejected", entry.origin, [&](ChangeRecord& record) {
            record.name = entry.origin.place;
            record.after = entry.why;
        });
    }

    void cleared(const model::RejectedEntry& entry) {
        add("entry.cleared", entry.origin, [&](ChangeRecord& record) {
            record.name = entry.origin.place;
            record.before = entry.why;
        });
    }

    void service(const model::CatalogChange::ServiceChange& change) {
        static const Endpoints none;
        const auto* const before = before_.services().find(change.name);
        if (before == nullptr && !change.spec) return;
        const auto& old_endpoints = before == nullptr ? none : before->spec.endpoints;
        if (!change.spec) {
            endpoints(change.name, old_endpoints, none);
            ++out_.counts.services_removed;
            add("service.removed", before->spec.origin, [&](ChangeRecord& record) {
                record.name = change.name;
                record.before = settings_text(before->settings);
            });
            return;
        }
        const auto after = change.spec->settings.value_or(model::ServiceSettings());
        if (before != nullptr) {
            settings(*change.spec, before->settings, after);
        } else {
            ++out_.counts.services_added;
            add("service.added", change.spec->origin, [&](ChangeRecord& record) {
                record.name = change.name;
                record.after = settings_text(after);
            });
        }
        endpoints(change.name, old_endpoints, change.spec->endpoints);
    }

    /// One place: its routes before and after, told apart by their conditions.
    void place(const model::CatalogChange::PlaceChange& change) {
        std::map<std::string_view, const model::RouteSpec*> old;
        const auto* entry = before_.routes().at(change.host, change.path);
        for (; entry != nullptr; entry = entry->next.get())
            old.emplace(conditions_text(entry->route), &entry->route);
        for (const auto& route : change.routes) {
            const auto at = old.find(conditions_text(route));
            if (at == old.end()) {
                ++out_.counts.routes_added;
                add_route("route.added", nullptr, &route);
                continue;
            }
            const auto& known = *std::exchange(at->second, nullptr);
            const bool is_same = known.service == route.service && known.rules == route.rules;
            if (is_same || route_text(known) == route_text(route)) continue;
            ++out_.counts.routes_changed;
            add_route("route.changed", &known, &route);
        }
        for (const auto& [conditions, route] : old) {
            if (route == nullptr) continue;
            ++out_.counts.routes_removed;
            add_route("route.removed", route, nullptr);
        }
        for (const auto& loser : change.past_losers) {
            if (!has_same(change.new_losers, loser)) add_loser(loser, true);
        }
        for (const auto& loser : change.new_losers) {
            if (!has_same(change.past_losers, loser)) add_loser(loser, false);
        }
    }

    Differences take() { return std::move(out_); }

private:
    template <class Fill>
    void add(std::string_view event, const model::Origin& origin, const Fill& fill) {
        if (out_.records.size() >= most_) {
            ++out_.more;
            return;
        }
        ChangeRecord record;
        record.event = event;
        record.source = origin.source;
        record.origin = to_string(origin);
        fill(record);
        out_.records.push_back(std::move(record));
    }

    void add_route(std::string_view event, const model::RouteSpec* before,
                   const model::RouteSpec* after) {
        const auto& shown = after == nullptr ? *before : *after;
        add(event, shown.origin, [&](ChangeRecord& record) {
            record.name = route_name(shown);
            if (before != nullptr) record.before = route_text(*before);
            if (after != nullptr) record.after = route_text(*after);
        });
    }

    void add_loser(const model::LosingRoute& loser, bool is_past) {
        add("route.not_used", loser.route.origin, [&](ChangeRecord& record) {
            record.name = route_name(loser.route);
            auto& text = is_past ? record.before : record.after;
            text = fmt::format("{}: {}", route_text(loser.route), loser.why);
        });
    }

    void settings(const model::ServiceSpec& spec, const model::ServiceSettings& before,
                  const model::ServiceSettings& after) {
        std::map<std::string_view, std::pair<std::string, std::string>> by_key;
        for (auto& [key, value] : setting_values(before)) by_key[key].first = std::move(value);
        for (auto& [key, value] : setting_values(after)) by_key[key].second = std::move(value);
        const auto files = [](const model::ServiceSettings& of) {
            return of.tls ? of.tls->files : 0;
        };
        if (before.tls && after.tls && files(before) != files(after))
            by_key["tls"] = {"files as they were", "files as they are now"};
        bool has_any = false;
        for (const auto& [key, values] : by_key) {
            if (values.first == values.second) continue;
            has_any = true;
            const auto origin = after.origins ? after.origins->find(key) : std::nullopt;
            add("service.setting", origin.value_or(spec.origin), [&](ChangeRecord& record) {
                record.name = fmt::format("{} {}", spec.name, key);
                record.before = values.first;
                record.after = values.second;
            });
        }
        if (has_any) ++out_.counts.settings_changed;
    }

    void add_endpoint(std::string_view event, const std::string& service,
                      const model::EndpointSpec* before, const model::EndpointSpec* after) {
        const auto& shown = after == nullptr ? *before : *after;
        const bool has_moved =
            before != nullptr && after != nullptr && before->address != after->address;
        add(event, shown.origin, [&](ChangeRecord& record) {
            record.name = fmt::format("{} {}", service, to_string(shown.address));
            if (before != nullptr) record.before = endpoint_text(*before, has_moved);
            if (after != nullptr) record.after = endpoint_text(*after, has_moved);
        });
    }

    void endpoints(const std::string& service, const Endpoints& before, const Endpoints& after) {
        std::map<std::string_view, const model::EndpointSpec*> old;
        for (const auto& endpoint : before) old.emplace(endpoint.identity, &endpoint);
        for (const auto& endpoint : after) {
            const auto at = old.find(endpoint.identity);
            if (at == old.end()) {
                ++out_.counts.endpoints_added;
                add_endpoint("endpoint.added", service, nullptr, &endpoint);
                continue;
            }
            const auto& known = *at->second;
            old.erase(at);
            // The admission stands in the specification: the endpoint's state is shared by both
            // snapshots.
            if (known.admission != endpoint.admission) {
                ++out_.counts.admissions_changed;
                add("endpoint.admission", endpoint.origin, [&](ChangeRecord& record) {
                    record.name = fmt::format("{} {}", service, to_string(endpoint.address));
                    record.before = to_string(known.admission);
                    record.after = to_string(endpoint.admission);
                });
            }
            if (known.weight != endpoint.weight || known.address != endpoint.address) {
                ++out_.counts.endpoints_changed;
                add_endpoint("endpoint.changed", service, &known, &endpoint);
            }
        }
        for (const auto& [identity, endpoint] : old) {
            ++out_.counts.endpoints_removed;
            add_endpoint("endpoint.removed", service, endpoint, nullptr);
        }
    }

    const model::Snapshot& before_;
    const std::size_t most_;
    Differences out_;
};

}  // namespace

Differences compare(const model::CatalogChange& change, const model::Snapshot& before,
                    std::size_t most) {
    Comparison comparison(before, most);
    // First what was refused: it matters most, and the number of records is bounded.
    for (const auto& entry : change.rejected) comparison.rejected(entry);
    for (const auto& entry : change.cleared) comparison.cleared(entry);
    for (const auto& service : change.services) comparison.service(service);
    for (const auto& place : change.places) comparison.place(place);
    return comparison.take();
}

void log_changes(const Differences& differences) {
    const auto& records = differences.records;
    const auto or_none = [](const std::string& text) -> std::string_view {
        return text.empty() ? std::string_view("-") : std::string_view(text);
    };
    for (std::size_t i = 0; i < std::min(records.size(), most_lines); ++i) {
        const auto& record = records[i];
        const bool is_bad = record.event == "entry.rejected";
        log::line(is_bad ? log::Level::warn : log::Level::info, record.event,
                  log::kv("name", record.name), log::kv("before", or_none(record.before)),
                  log::kv("after", or_none(record.after)), log::kv("who", record.who),
                  log::kv("origin", record.origin));
    }
    const auto left = records.size() - std::min(records.size(), most_lines) + differences.more;
    if (left > 0) log::info("change.more", log::kv("lines", left));
}

}  // namespace fairlead::control
