#include "control/config/route_setters.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::control {
namespace {

using Of = model::FieldEdits::Of;

// Buckets tell the time until they are full in 48 bits of microseconds; nobody waits that long.
constexpr std::chrono::hours longest_fill{24};

template <class Field, class T>
Checked<> put(Field& field, Checked<T> value) {
    if (!value) return value.error();
    field = std::move(*value);
    return {};
}

model::RouteRules& rules(Draft& draft) {
    return draft.route_parts.rules;
}

Checked<std::string> parse_name(std::string_view text) {
    if (!model::is_field_name(text)) return problem("'{}' is not a name", text);
    return std::string(text);
}

/// host[:port], as it stands in a URL.
Checked<std::string> parse_authority(std::string_view text) {
    const auto colon = text.rfind(':');
    const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
    const auto host = model::parse_route_host(has_port ? text.substr(0, colon) : text);
    if (!host || host->starts_with('*'))
        return problem("'{}' is not a host; allowed: host, host:port or [v6]:port", text);
    if (!has_port) return *host;
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [at, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec != std::errc{} || at != digits.data() + digits.size() || port == 0)
        return problem("'{}' has a bad port; allowed: 1 to 65535", text);
    return fmt::format("{}:{}", *host, port);
}

/// What a redirect's path may hold: it is sent as it stands.
Checked<std::string> parse_location_path(std::string_view text) {
    if (!text.starts_with('/') || text.starts_with("//") || !model::is_path_text(text)) {
        return problem("'{}' is not a path; allowed: /path of visible ASCII, without ? and #",
                       text);
    }
    return std::string(text);
}

Checked<model::IpPrefix> parse_prefix(const Value& value) {
    auto prefix = model::parse_ip_prefix(value.text);
    if (!prefix)
        return problem("{}; allowed: an address or a range as 10.0.0.0/8", prefix.error().text());
    return prefix;
}

Checked<> check_destination(const model::RouteSpec& route, const model::RouteRules& rules) {
    const bool is_split = !rules.split.shares.empty();
    if (!route.service.empty() && is_split)
        return problem("it has both service and split; allowed: one of them");
    if (rules.redirect && rules.redirect->path.empty() && rules.rewrite.prefix &&
        (is_split || !route.service.empty())) {
        return problem(
            "its rewrite.prefix changes where its redirect leads, so {} is never reached; allowed: "
            "one of the three",
            is_split ? "split" : "service");
    }
    if (route.service.empty() && !is_split && !rules.redirect)
        return problem("it leads nowhere; allowed: one of service and split, or redirect");
    if (!is_split && rules.split.by != model::Split::By::request)
        return problem("split_by without split");
    return {};
}

}  // namespace

namespace begin {

Checked<> route(Draft& draft, std::string_view) {
    draft.route_parts = {};
    draft.setting_places.clear();
    draft.desired.routes.emplace_back().origin = {model::SourceKind::file, draft.place};
    return {};
}

Checked<> share(Draft& draft, std::string_view) {
    rules(draft).split.shares.emplace_back();
    return {};
}

Checked<> redirect(Draft& draft, std::string_view) {
    rules(draft).redirect.emplace();
    return {};
}

}  // namespace begin

namespace end {

Checked<> methods(Draft& draft) {
    if (!draft.route_parts.conditions.names_methods())
        return problem("it names no method; allowed: one or more, or no such key");
    return {};
}

Checked<> allow(Draft& draft) {
    rules(draft).access.allow_only();
    return {};
}

Checked<> split(Draft& draft) {
    auto& shares = rules(draft).split.shares;
    const bool has_weight = std::any_of(shares.begin(), shares.end(),
                                        [](const auto& share) { return share.weight > 0; });
    if (!has_weight) return problem("no share has a weight; allowed: one or more above 0");
    for (auto at = shares.begin(); at != shares.end(); ++at) {
        const auto twin = std::find_if(
            shares.begin(), at, [&](const auto& other) { return other.service == at->service; });
        if (twin != at) return problem("'{}' is named twice", at->service);
    }
    // A client's share does not depend on the order in which somebody wrote them.
    std::ranges::sort(shares, {}, &model::Share::service);
    return {};
}

Checked<> redirect(Draft& draft) {
    const auto& to = *rules(draft).redirect;
    const bool has_port_twice =
        to.port != 0 && to.host.find_last_of(":]") != std::string::npos && !to.host.ends_with(']');
    if (has_port_twice) return problem("host and port both name a port; allowed: one of them");
    return {};
}

Checked<> rate_limit(Draft& draft) {
    auto& limit = rules(draft).rate_limit;
    if (limit.burst == 0) limit.burst = limit.requests;
    const auto fill = limit.per / limit.requests * limit.burst;
    if (fill > longest_fill)
        return problem("a burst of {} takes more than a day to fill; allowed: less", limit.burst);
    return {};
}

Checked<> route(Draft& draft) {
    auto& routes = draft.desired.routes;
    auto& last = routes.back();
    auto& parts = draft.route_parts;
    const auto& to = parts.rules.redirect;
    const bool is_empty_redirect = to && to->scheme.empty() && to->host.empty() && to->port == 0 &&
                                   to->path.empty() && !parts.rules.rewrite.prefix;
    if (is_empty_redirect)
        return problem(
            "its redirect leads nowhere; allowed: one or more of scheme, host, port and "
            "path, or a rewrite.prefix");
    if (const auto checked = check_destination(last, parts.rules); !checked) return checked;
    parts.conditions.finish();
    if (!parts.conditions.empty()) last.conditions = std::move(parts.conditions);
    if (!parts.rules.empty()) {
        parts.rules.origins = draft.take_setting_origins();
        last.rules = std::move(parts.rules);
    }
    const auto twin = std::find_if(routes.begin(), routes.end() - 1, [&](const auto& other) {
        return other.host == last.host && other.path == last.path &&
               other.conditions == last.conditions;
    });
    if (twin == routes.end() - 1 || last.host.empty()) return {};
    return problem("the route at {} has the same host{}", twin->origin.place,
                   last.conditions ? ", path and conditions" : " and path");
}

}  // namespace end

namespace set {

Checked<> route_host(Draft& draft, const Value& value) {
    return put(draft.route().host, model::parse_route_host(value.text));
}
Checked<> route_path(Draft& draft, const Value& value) {
    return put(draft.route().path, model::parse_route_path(value.text));
}
Checked<> route_service(Draft& draft, const Value& value) {
    return put(draft.route().service, model::parse_service_name(value.text));
}

Checked<> match_method(Draft& draft, const Value& value) {
    auto method = model::parse_condition_method(value.text);
    if (!method) return method.error();
    draft.route_parts.conditions.add_method(std::move(*method));
    return {};
}
Checked<> match_header(Draft& draft, const Value& value) {
    const auto name = parse_name(value.name);
    if (!name) return name.error();
    draft.route_parts.conditions.add_header(
        model::parse_value_condition(ascii::lower(*name), value.text));
    return {};
}
Checked<> match_query(Draft& draft, const Value& value) {
    if (value.name.find_first_of("=&?# ") != std::string::npos)
        return problem("'{}' is not a parameter's name; allowed: as it is sent", value.name);
    draft.route_parts.conditions.add_query(model::parse_value_condition(value.name, value.text));
    return {};
}

Checked<> share_service(Draft& draft, const Value& value) {
    return put(rules(draft).split.shares.back().service, model::parse_service_name(value.text));
}
Checked<> share_weight(Draft& draft, const Value& value) {
    rules(draft).split.shares.back().weight = value.count();
    return {};
}
Checked<> split_by(Draft& draft, const Value& value) {
    using By = model::Split::By;
    constexpr std::string_view of_cookie = "cookie:";
    auto& split = rules(draft).split;
    split.by = value.text == "client_ip" ? By::client_ip : By::request;
    if (value.text == "request" || value.text == "client_ip") return {};
    const std::string_view text = value.text;
    if (!text.starts_with(of_cookie) || !model::is_field_name(text.substr(of_cookie.size()))) {
        return problem(
            "'{}' is not what a split can go by; allowed: request, client_ip or "
            "cookie:NAME",
            text);
    }
    split.by = By::cookie;
    split.cookie = text.substr(of_cookie.size());
    return {};
}

Checked<> rewrite_prefix(Draft& draft, const Value& value) {
    auto path = model::parse_route_path(value.text);
    if (!path) return path.error();
    rules(draft).rewrite.prefix = std::move(*path);
    return {};
}
Checked<> rewrite_host(Draft& draft, const Value& value) {
    return put(rules(draft).rewrite.host, parse_authority(value.text));
}

Checked<> redirect_scheme(Draft& draft, const Value& value) {
    rules(draft).redirect->scheme = value.text;
    return {};
}
Checked<> redirect_status(Draft& draft, const Value& value) {
    constexpr int allowed[] = {301, 302, 307, 308};
    rules(draft).redirect->status = allowed[value.number];
    return {};
}
Checked<> redirect_host(Draft& draft, const Value& value) {
    return put(rules(draft).redirect->host, parse_authority(value.text));
}
Checked<> redirect_port(Draft& draft, const Value& value) {
    rules(draft).redirect->port = static_cast<std::uint16_t>(value.number);
    return {};
}
Checked<> redirect_path(Draft& draft, const Value& value) {
    return put(rules(draft).redirect->path, parse_location_path(value.text));
}

Checked<> request_header_set(Draft& draft, const Value& value) {
    return rules(draft).request_fields.set(Of::request, value.name, value.text);
}
Checked<> request_header_add(Draft& draft, const Value& value) {
    return rules(draft).request_fields.add(Of::request, value.name, value.text);
}
Checked<> request_header_remove(Draft& draft, const Value& value) {
    return rules(draft).request_fields.remove(Of::request, value.text);
}
Checked<> response_header_set(Draft& draft, const Value& value) {
    return rules(draft).response_fields.set(Of::response, value.name, value.text);
}
Checked<> response_header_add(Draft& draft, const Value& value) {
    return rules(draft).response_fields.add(Of::response, value.name, value.text);
}
Checked<> response_header_remove(Draft& draft, const Value& value) {
    return rules(draft).response_fields.remove(Of::response, value.text);
}

Checked<> rate_requests(Draft& draft, const Value& value) {
    rules(draft).rate_limit.requests = value.count();
    return {};
}
Checked<> rate_per(Draft& draft, const Value& value) {
    rules(draft).rate_limit.per = value.duration();
    return {};
}
Checked<> rate_burst(Draft& draft, const Value& value) {
    rules(draft).rate_limit.burst = value.count();
    return {};
}
Checked<> rate_by(Draft& draft, const Value& value) {
    constexpr std::string_view of_header = "header:";
    if (value.text == "client_ip") return {};
    const std::string_view text = value.text;
    if (!text.starts_with(of_header) || !model::is_field_name(text.substr(of_header.size()))) {
        return problem("'{}' is not what a rate limit can go by; allowed: client_ip or header:NAME",
                       text);
    }
    rules(draft).rate_limit.header = ascii::lower(text.substr(of_header.size()));
    return {};
}

Checked<> allow(Draft& draft, const Value& value) {
    const auto prefix = parse_prefix(value);
    if (!prefix) return prefix.error();
    rules(draft).access.allow(*prefix);
    return {};
}
Checked<> deny(Draft& draft, const Value& value) {
    const auto prefix = parse_prefix(value);
    if (!prefix) return prefix.error();
    rules(draft).access.deny(*prefix);
    return {};
}

}  // namespace set
}  // namespace fairlead::control
