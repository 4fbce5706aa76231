#include "control/admin/admin_routes.hpp"

#include "control/admin/admin_views.hpp"
#include "control/admin/config_view.hpp"
#include "control/admin/diff_view.hpp"
#include "control/admin/event_stream.hpp"
#include "control/admin/explain_view.hpp"
#include "control/admin/query.hpp"
#include "control/admin/question_text.hpp"
#include "control/version.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/version.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace fairlead::control {
namespace {

namespace json = boost::json;

constexpr std::string_view name_place = "NAME";

HttpReply json_reply(const json::object& body, int status = 200) {
    HttpReply reply;
    reply.status = status;
    reply.body = json::serialize(body) + "\n";
    return reply;
}

HttpReply text_reply(std::string body, std::string type) {
    HttpReply reply;
    reply.body = std::move(body);
    reply.content_type = std::move(type);
    return reply;
}

/// What is wrong with a file: as `fairlead check` tells it.
HttpReply problems_reply(const std::vector<ConfigProblem>& problems) {
    json::array list;
    for (const auto& problem : problems) list.emplace_back(problem.to_string());
    json::object body;
    body["error"] = problems.front().to_string();
    body["problems"] = std::move(list);
    return json_reply(body, 400);
}

/// What stands at NAME; "" for a row without; none when the path is not the row's.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
    if (!pattern.ends_with(name_place)) {
        return pattern == path ? std::optional<std::string>("") : std::nullopt;
    }
    const auto prefix = pattern.substr(0, pattern.size() - name_place.size());
    if (!path.starts_with(prefix) || path.size() == prefix.size()) return std::nullopt;
    const auto name = path.substr(prefix.size());
    if (name.find('/') != std::string_view::npos) return std::nullopt;
    return percent_decode(name);
}

}  // namespace

struct AdminRoutes::Row {
    std::string_view verb;
    std::string_view path;
    std::string_view help;
    HttpReply (AdminRoutes::*handler)(const Call& call) const;
};

const std::vector<AdminRoutes::Row>& AdminRoutes::table() {
    static const std::vector<Row> rows = {
        {"GET", "/", "this page", &AdminRoutes::index},
        {"GET", "/routes", "every route, those that lost to another, and what was rejected",
         &AdminRoutes::routes},
        {"GET", "/services", "every service: settings, endpoints with their state, origins",
         &AdminRoutes::services},
        {"GET", "/services/NAME", "one service", &AdminRoutes::service},
        {"GET", "/explain",
         "what becomes of a request: ?method=GET&url=http://host/path&header=Name: value&client=IP",
         &AdminRoutes::explain_page},
        {"GET", "/events", "what has changed, by whom, and what changes: ?since=ID&follow=false",
         &AdminRoutes::events},
        {"GET", "/config", "the effective configuration, each value with its origin",
         &AdminRoutes::config},
        {"POST", "/diff", "what a file, which is the body, would change: ?file=NAME",
         &AdminRoutes::diff},
        {"GET", "/metrics", "all counters, for Prometheus", &AdminRoutes::metrics},
        {"GET", "/healthz", "whether Fairlead runs, and what its sources say",
         &AdminRoutes::healthz},
        {"POST", "/store/confirm", "a sudden loss of routes is meant: what is held back goes",
         &AdminRoutes::accept_loss},
        {"GET", "/version", "which Fairlead this is", &AdminRoutes::version_page},
    };
    return rows;
}

HttpReply AdminRoutes::handle(const HttpRequest& request) const {
    std::string allowed;
    for (const auto& row : table()) {
        const auto argument = match(row.path, request.path);
        if (!argument) continue;
        if (row.verb == request.method) return (this->*row.handler)({request, *argument});
        allowed.append(allowed.empty() ? "" : ", ").append(row.verb);
        if (row.verb == "GET") allowed.append(", HEAD");
    }
    if (allowed.empty()) {
        return error_reply(404, fmt::format("there is no {} here; GET / lists all", request.path));
    }
    auto reply = error_reply(405, fmt::format("{} is not allowed on {}; allowed: {}",
                                              request.method, request.path, allowed));
    reply.fields.emplace_back("Allow", allowed);
    return reply;
}

HttpReply AdminRoutes::index(const Call&) const {
    std::string page = fmt::format("Fairlead {}: admin endpoint\n\n", version());
    for (const auto& row : table()) {
        page.append(fmt::format("{:<5} {:<16} {}\n", row.verb, row.path, row.help));
    }
    page.append(
        "\nThe same for people: fairlead routes, services, explain, events, diff, version\n");
    return text_reply(std::move(page), "text/plain; charset=utf-8");
}

HttpReply AdminRoutes::routes(const Call&) const {
    return json_reply(routes_view(*facts_.reconciler.current(), facts_.reconciler.catalog()));
}

HttpReply AdminRoutes::services(const Call&) const {
    return json_reply(services_view(*facts_.reconciler.current(), facts_.reconciler.catalog(),
                                    Clock::now(), std::chrono::system_clock::now()));
}

HttpReply AdminRoutes::service(const Call& call) const {
    const auto* const service = facts_.reconciler.current()->services().find(call.argument);
    if (service == nullptr) {
        return error_reply(404, fmt::format("no source defines a service '{}'", call.argument));
    }
    return json_reply(service_view(*service, Clock::now(), std::chrono::system_clock::now()));
}

HttpReply AdminRoutes::metrics(const Call&) const {
    MetricsInput input;
    input.metric = facts_.metric;
    input.reason = facts_.reason;
    input.snapshot = facts_.reconciler.current();
    input.rejected = facts_.reconciler.catalog().rejected_count();
    input.sources = source_facts();
    input.started = facts_.started;
    input.wall_now = std::chrono::system_clock::now();
    input.now = Clock::now();
    return text_reply(metrics_page(input), "text/plain; version=0.0.4; charset=utf-8");
}

HttpReply AdminRoutes::healthz(const Call&) const {
    const auto now = std::chrono::system_clock::now();
    json::array sources;
    std::int64_t oldest = 0;
    for (const auto& source : source_facts()) {
        json::object view;
        view["source"] = to_string(source.kind);
        view["connected"] = source.is_connected;
        view["detail"] = source.detail;
        view["changes"] = source.changes;
        view["held_back"] = source.held_back;
        view["config_age_seconds"] = nullptr;
        if (source.config_age) {
            const auto age = static_cast<std::int64_t>(*source.config_age);
            view["config_age_seconds"] = age;
            oldest = std::max(oldest, age);
        }
        if (source.last_heard) {
            const auto age = now - *source.last_heard;
            view["age_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(age).count();
        } else {
            view["age_seconds"] = nullptr;
        }
        sources.push_back(std::move(view));
    }
    const bool is_stopping = facts_.is_stopping();
    json::object page;
    page["status"] = is_stopping ? "stopping" : "ok";
    page["snapshot_version"] = facts_.reconciler.current()->version();
    page["config_age_seconds"] = oldest;
    page["sources"] = std::move(sources);
    return json_reply(page, is_stopping ? 503 : 200);
}

HttpReply AdminRoutes::accept_loss(const Call& call) const {
    const auto count = facts_.accept_loss ? facts_.accept_loss("admin " + call.request.peer) : 0;
    if (count == 0) return error_reply(409, "no loss is held back");
    json::object page;
    page["accepted"] = count;
    return json_reply(page);
}

HttpReply AdminRoutes::version_page(const Call&) const {
    json::object page;
    page["name"] = "fairlead";
    page["version"] = version();
    page["compiler"] = __VERSION__;
    page["boost"] = BOOST_LIB_VERSION;
    page["started"] =
        std::chrono::duration_cast<std::chrono::seconds>(facts_.started.time_since_epoch()).count();
    return json_reply(page);
}

HttpReply AdminRoutes::explain_page(const Call& call) const {
    const auto& query = call.request.query;
    const auto url = query_value(query, "url");
    if (!url) return error_reply(400, "url is missing; allowed: ?url=http://host/path");
    const auto question =
        read_question(query_value(query, "method").value_or("GET"), *url,
                      query_values(query, "header"), query_value(query, "client").value_or(""));
    if (!question) return error_reply(400, question.error().text());
    const auto now = Clock::now();
    const auto explanation =
        explain(facts_.reconciler.current(), *question, now, facts_.settings.limits);
    return json_reply(explain_view(*question, explanation, facts_.reconciler.catalog().losers(),
                                   now, std::chrono::system_clock::now()));
}

HttpReply AdminRoutes::events(const Call& call) const {
    return events_reply(facts_.journal, call.request);
}

HttpReply AdminRoutes::config(const Call&) const {
    return json_reply(config_view(facts_.given, facts_.settings, *facts_.reconciler.current(),
                                  facts_.needs_restart()));
}

HttpReply AdminRoutes::diff(const Call& call) const {
    const auto name = query_value(call.request.query, "file").value_or("file");
    auto loaded = parse_config(call.request.body, name);
    if (!loaded.ok()) return problems_reply(loaded.problems);
    const auto changes =
        facts_.reconciler.preview(model::whole_change(std::move(loaded.desired), "diff"));
    return json_reply(diff_view(changes, facts_.settings, facts_.given, loaded));
}

std::vector<SourceFacts> AdminRoutes::source_facts() const {
    std::vector<SourceFacts> list;
    for (const auto* source : facts_.sources) {
        const auto status = source->status();
        const auto& record = facts_.reconciler.record(source->kind());
        SourceFacts facts;
        facts.kind = source->kind();
        facts.is_connected = status.connected;
        facts.detail = status.detail;
        facts.last_heard = record.last_heard;
        facts.changes = record.changes;
        facts.held_back = status.held_back;
        // Without a time of its own, what was heard last is as old as it is.
        const auto as_of = status.as_of ? status.as_of : record.last_heard;
        if (status.connected) {
            facts.config_age = 0;
        } else if (as_of) {
            const auto age = std::chrono::system_clock::now() - *as_of;
            facts.config_age = std::max(std::chrono::duration<double>(age).count(), 0.0);
        }
        facts.event_to_effective.add(record.event_to_effective);
        list.push_back(std::move(facts));
    }
    return list;
}

}  // namespace fairlead::control
