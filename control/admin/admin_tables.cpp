#include "control/admin/admin_tables.hpp"

#include "control/admin/json_page.hpp"
#include "control/admin/text_table.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <vector>

namespace fairlead::control {
namespace {

namespace json = boost::json;

std::string number_at(const json::object& object, std::string_view key) {
    return std::to_string(object.at(key).to_number<std::uint64_t>());
}

std::string rejected_text(const json::object& page) {
    std::string out;
    for (const auto& entry : list_at(page, "rejected")) {
        const auto& rejected = entry.as_object();
        out.append(
            fmt::format("rejected  {}: {}\n", origin_at(rejected), text_at(rejected, "why")));
    }
    return out.empty() ? out : "\n" + out;
}

std::string routes_text(const json::object& page) {
    TextTable table({"HOST", "PATH", "CONDITIONS", "SERVICE", "ORIGIN"});
    for (const auto& entry : list_at(page, "routes")) {
        const auto& route = entry.as_object();
        auto origin = origin_at(route);
        if (route.contains("problem"))
            origin.append("  (").append(text_at(route, "problem")) += ')';
        const auto conditions = text_at(route, "conditions");
        table.add({text_at(route, "host"), text_at(route, "path"),
                   conditions.empty() ? "-" : conditions, text_at(route, "service"),
                   std::move(origin)});
    }
    std::string out = table.text();
    if (list_at(page, "routes").empty()) out = "no routes\n";
    std::string losers;
    for (const auto& entry : list_at(page, "losers")) {
        const auto& route = entry.as_object();
        const auto conditions = text_at(route, "conditions");
        losers.append(fmt::format(
            "not used  {} {} {}-> {} ({}): {}\n", text_at(route, "host"), text_at(route, "path"),
            conditions.empty() ? "" : fmt::format("[{}] ", conditions), text_at(route, "service"),
            origin_at(route), text_at(route, "why")));
    }
    if (!losers.empty()) out.append("\n").append(losers);
    return out + rejected_text(page);
}

std::string services_text(const json::object& page) {
    TextTable table(
        {"SERVICE", "POLICY", "ENDPOINT", "STATE", "IN FLIGHT", "REQUESTS", "WEIGHT", "ORIGIN"});
    for (const auto& entry : list_at(page, "services")) {
        const auto& service = entry.as_object();
        const auto name = text_at(service, "name");
        const auto policy = text_at(service.at("settings").as_object(), "policy");
        if (list_at(service, "endpoints").empty()) {
            table.add({name, policy, "-", "no endpoint", "-", "-", "-", origin_at(service)});
        }
        for (const auto& item : list_at(service, "endpoints")) {
            const auto& endpoint = item.as_object();
            table.add({name, policy, text_at(endpoint, "address"), text_at(endpoint, "state"),
                       number_at(endpoint, "in_flight"), number_at(endpoint, "requests"),
                       number_at(endpoint, "weight"), origin_at(endpoint)});
        }
    }
    std::string out = list_at(page, "services").empty() ? "no services\n" : table.text();
    return out + rejected_text(page);
}

std::string version_line(const json::object& page) {
    return fmt::format("{} {}\n", text_at(page, "name"), text_at(page, "version"));
}

}  // namespace

Checked<std::string> routes_table(std::string_view body) {
    return render_page(body, routes_text);
}
Checked<std::string> services_table(std::string_view body) {
    return render_page(body, services_text);
}
Checked<std::string> version_text(std::string_view body) {
    return render_page(body, version_line);
}

}  // namespace fairlead::control
