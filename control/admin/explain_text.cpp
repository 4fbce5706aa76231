#include "control/admin/explain_text.hpp"

#include "control/admin/json_page.hpp"
#include "control/admin/text_table.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace fairlead::control {
namespace {

namespace json = boost::json;

/// "" where there is no such member.
std::string text_or_none(const json::object& object, std::string_view key) {
    return object.contains(key) ? text_at(object, key) : std::string();
}

std::string number_at(const json::object& object, std::string_view key) {
    return std::to_string(object.at(key).to_number<std::int64_t>());
}

std::string or_dash(std::string text) {
    return text.empty() ? "-" : text;
}

std::string answer_text(const json::object& page) {
    const auto& answer = page.at("answer").as_object();
    if (text_at(answer, "by") == "endpoint") return "an endpoint answers";
    const bool falls_back = text_at(answer, "by") == "fallback";
    auto text = fmt::format(
        "{} {} {}: {}", falls_back ? "the fallback answers, for" : "Fairlead answers",
        number_at(answer, "status"), text_at(answer, "reason"), text_at(answer, "text"));
    if (answer.contains("location")) text.append("\nLocation: " + text_at(answer, "location"));
    return text;
}

std::string outcome_text(const json::object& page) {
    if (page.at("route").is_null()) return {};
    const auto& route = page.at("route").as_object();
    const auto& outcome = page.at("outcome").as_object();
    std::string out;
    const auto line = [&](std::string_view what, const std::string& value) {
        out.append(fmt::format("{:<11} {}\n", what, value));
    };
    line("route", fmt::format("{} {} -> {}  ({})", text_at(route, "host"), text_at(route, "path"),
                              text_at(route, "service"), origin_at(route)));
    if (route.contains("rules")) {
        const auto* const origins = route.if_contains("rule_origins");
        for (const auto& rule : route.at("rules").as_object())
            line("rule",
                 fmt::format("{} {}", std::string_view(rule.key()), json::serialize(rule.value())));
        if (origins != nullptr) {
            for (const auto& origin : origins->as_object())
                line("written", fmt::format("{}  ({})", std::string_view(origin.key()),
                                            std::string_view(origin.value().as_string())));
        }
    }
    if (outcome.contains("admitted"))
        line("client", outcome.at("admitted").as_bool() ? "is let in" : "is not let in");
    if (outcome.contains("rate_wait_ms"))
        line("rate limit",
             fmt::format("lets the next one in after {} ms", number_at(outcome, "rate_wait_ms")));
    line("is sent", fmt::format("{} with Host {}", text_at(outcome, "sent_target"),
                                or_dash(text_at(outcome, "sent_host"))));
    return out;
}

std::string routes_text(const json::object& page) {
    TextTable table({"VERDICT", "HOST", "PATH", "CONDITIONS", "SERVICE", "ORIGIN", "WHY"});
    const auto add = [&](const json::object& route) {
        table.add({text_at(route, "verdict"), text_at(route, "host"), text_at(route, "path"),
                   or_dash(text_at(route, "conditions")), text_at(route, "service"),
                   origin_at(route), text_at(route, "why")});
    };
    for (const auto& route : list_at(page, "routes")) add(route.as_object());
    for (const auto& route : list_at(page, "losers")) add(route.as_object());
    std::string out = table.empty() ? "no route is for this host\n" : table.text();
    const auto more = page.at("more_routes").to_number<std::int64_t>();
    if (more > 0) out.append(fmt::format("and {} more of other paths\n", more));
    return out;
}

std::string state_text(const json::object& endpoint) {
    auto text = text_at(endpoint, "state");
    if (endpoint.contains("ejected_for")) {
        text.append(fmt::format(" for {} until {}", text_at(endpoint, "ejected_for"),
                                text_at(endpoint, "ejected_until")));
    }
    return text;
}

std::string weight_text(const json::object& endpoint) {
    const auto origin = text_at(endpoint, "weight_origin");
    return number_at(endpoint, "weight") + (origin == "default" ? "" : " (" + origin + ")");
}

void add_endpoints(TextTable& table, const json::object& service) {
    const auto name = text_at(service, "name");
    const auto share = service.at("can_be_drawn").as_bool() ? number_at(service, "weight") : "0";
    if (!service.at("is_defined").as_bool()) {
        table.add({name, share, "-", "no source defines it", "-", "-", "-", "-"});
        return;
    }
    if (list_at(service, "endpoints").empty())
        table.add({name, share, "-", "no endpoint", "-", "-", "-", origin_at(service)});
    for (const auto& item : list_at(service, "endpoints")) {
        const auto& endpoint = item.as_object();
        table.add({name, share, text_at(endpoint, "address"), state_text(endpoint),
                   endpoint.at("can_be_picked").as_bool() ? "yes" : "no",
                   number_at(endpoint, "in_flight"), weight_text(endpoint), origin_at(endpoint)});
    }
}

std::string services_text(const json::object& page) {
    TextTable endpoints({"SERVICE", "SHARE", "ENDPOINT", "STATE", "MAY BE PICKED", "IN FLIGHT",
                         "WEIGHT", "ORIGIN"});
    TextTable settings({"SERVICE", "SETTING", "VALUE", "ORIGIN"});
    for (const auto& item : list_at(page, "services")) {
        const auto& service = item.as_object();
        add_endpoints(endpoints, service);
        if (!service.contains("settings")) continue;
        for (const auto& entry : list_at(service, "settings")) {
            const auto& setting = entry.as_object();
            settings.add({text_at(service, "name"), text_at(setting, "key"),
                          or_dash(text_at(setting, "value")), text_at(setting, "origin")});
        }
    }
    std::string out;
    if (!endpoints.empty()) out.append("\n").append(endpoints.text());
    if (!settings.empty()) out.append("\n").append(settings.text());
    return out;
}

std::string explain_page(const json::object& page) {
    const auto& request = page.at("request").as_object();
    return fmt::format("{} {}://{}{}  (snapshot {})\n{}\n{}\n{}{}", text_at(request, "method"),
                       text_at(request, "scheme"), text_at(request, "host"),
                       text_at(request, "path"), number_at(page, "version"), answer_text(page),
                       outcome_text(page), routes_text(page), services_text(page));
}

std::string change_text(const json::object& change) {
    return fmt::format("{} -> {}", or_dash(text_or_none(change, "before")),
                       or_dash(text_or_none(change, "after")));
}

std::string diff_page(const json::object& page) {
    TextTable table({"CHANGE", "NAME", "BEFORE -> AFTER", "ORIGIN"});
    for (const auto& item : list_at(page, "differences")) {
        const auto& change = item.as_object();
        table.add({text_at(change, "event"), text_at(change, "name"), change_text(change),
                   text_at(change, "origin")});
    }
    std::string out = table.empty() ? std::string() : table.text();
    const auto more = page.at("more").to_number<std::int64_t>();
    if (more > 0) out.append(fmt::format("and {} more\n", more));
    std::string groups;
    for (const auto& group : list_at(page, "needs_restart"))
        groups.append(groups.empty() ? "" : ", ").append(std::string_view(group.as_string()));
    if (!groups.empty()) out.append("needs a restart: ").append(groups).append("\n");
    return out;
}

std::string event_line(const json::object& event) {
    return fmt::format("{}  {:<18} {}: {}  by {} ({})\n", text_at(event, "at"),
                       text_at(event, "event"), text_at(event, "name"), change_text(event),
                       or_dash(text_at(event, "who")), or_dash(text_at(event, "origin")));
}

}  // namespace

Checked<std::string> explain_text(std::string_view body) {
    return render_page(body, explain_page);
}
Checked<std::string> diff_text(std::string_view body) {
    return render_page(body, diff_page);
}
Checked<std::string> event_text(std::string_view data) {
    return render_page(data, event_line);
}

bool is_same(std::string_view diff_body) {
    boost::system::error_code ec;
    const auto page = json::parse(diff_body, ec);
    if (ec || !page.is_object()) return false;
    for (const auto* key : {"differences", "needs_restart"}) {
        const auto* const list = page.get_object().if_contains(key);
        if (list == nullptr || !list->is_array() || !list->get_array().empty()) return false;
    }
    return true;
}

}  // namespace fairlead::control
