#include "control/admin/rules_view.hpp"

#include "proxy/base/duration_text.hpp"

#include <boost/json/array.hpp>

namespace fairlead::control {
namespace {

namespace json = boost::json;

json::object edits_view(const model::FieldEdits& edits) {
    json::array removed;
    for (const auto& name : edits.removed()) removed.emplace_back(name);
    json::array added;
    for (std::string_view lines = edits.added(); !lines.empty();) {
        const auto end = lines.find("\r\n");
        added.emplace_back(lines.substr(0, end));
        lines.remove_prefix(end + 2);
    }
    json::object view;
    view["removed"] = std::move(removed);
    view["added"] = std::move(added);
    return view;
}

json::object redirect_view(const model::Redirect& redirect) {
    json::object view;
    view["status"] = redirect.status;
    if (!redirect.scheme.empty()) view["scheme"] = redirect.scheme;
    if (!redirect.host.empty()) view["host"] = redirect.host;
    if (redirect.port != 0) view["port"] = redirect.port;
    if (!redirect.path.empty()) view["path"] = redirect.path;
    return view;
}

json::object split_view(const model::Split& split) {
    json::array shares;
    for (const auto& share : split.shares) {
        json::object item;
        item["service"] = share.service;
        item["weight"] = share.weight;
        shares.push_back(std::move(item));
    }
    json::object view;
    view["shares"] = std::move(shares);
    view["by"] = to_string(split);
    return view;
}

json::object rate_view(const model::RateLimit& limit) {
    json::object view;
    view["requests"] = limit.requests;
    view["per"] = duration_text(limit.per);
    view["burst"] = limit.burst;
    view["by"] = limit.header.empty() ? "client_ip" : "header:" + limit.header;
    return view;
}

}  // namespace

json::object rules_view(const model::RouteRules& rules) {
    json::object view;
    if (!rules.access.empty()) view["access"] = rules.access.text();
    if (rules.rate_limit.requests > 0) view["rate_limit"] = rate_view(rules.rate_limit);
    if (rules.redirect) view["redirect"] = redirect_view(*rules.redirect);
    if (rules.rewrite.prefix)
        view["rewrite_prefix"] = rules.rewrite.prefix->empty() ? "/" : *rules.rewrite.prefix;
    if (!rules.rewrite.host.empty()) view["rewrite_host"] = rules.rewrite.host;
    if (!rules.split.shares.empty()) view["split"] = split_view(rules.split);
    if (!rules.request_fields.empty()) view["request_headers"] = edits_view(rules.request_fields);
    if (!rules.response_fields.empty())
        view["response_headers"] = edits_view(rules.response_fields);
    return view;
}

}  // namespace fairlead::control
