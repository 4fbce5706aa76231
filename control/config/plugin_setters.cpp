#include "control/config/plugin_setters.hpp"

#include "proxy/balance/plugin_registry.hpp"
#include "proxy/model/address.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace fairlead::control {
namespace {

std::vector<model::Plugin>& plugins_of(Draft& draft) {
    return draft.process.api.plugins.plugins;
}

Checked<> put(Draft& draft, std::string_view name, const std::string& param) {
    auto& plugin = plugins_of(draft).back();
    if (!plugin.name.empty()) {
        return problem("{} and {} are named in one entry; allowed: an entry for each plugin",
                       plugin.name, name);
    }
    plugin.name = name;
    plugin.param = param;
    return {};
}

}  // namespace

namespace begin {

Checked<> plugin(Draft& draft, std::string_view) {
    auto& plugins = plugins_of(draft);
    if (!std::exchange(draft.has_plugins, true)) plugins.clear();  // of the default
    plugins.push_back({"", ""});
    return {};
}

}  // namespace begin

namespace end {

Checked<> plugin(Draft& draft) {
    return balance::complete_plugin(plugins_of(draft).back());
}

Checked<> plugins(Draft& draft) {
    if (draft.has_plugins) return {};
    return problem("no plugin is named; allowed: one or more");
}

}  // namespace end

namespace set {

Checked<> plugin_name(Draft& draft, const Value& value) {
    return put(draft, value.text, "");
}
Checked<> plugin_score(Draft& draft, const Value& value) {
    return put(draft, "score", value.text);
}
Checked<> plugin_weighted_score(Draft& draft, const Value& value) {
    return put(draft, "weighted_score", value.text);
}
Checked<> plugin_stickiness(Draft& draft, const Value& value) {
    if (value.text.empty()) return problem("it is empty; allowed: a cookie's name");
    return put(draft, "stickiness", value.text);
}

Checked<> fallback(Draft& draft, const Value& value) {
    auto address = model::parse_address(value.text);
    if (!address) return address.error();
    if (address->kind == model::Address::Kind::tcp && address->port == 0)
        return problem("'{}' has port 0; allowed: 1 to 65535", value.text);
    auto& services = draft.desired.services;
    const auto twin = std::find_if(services.begin(), services.end(), [](const auto& other) {
        return other.name == model::fallback_name;
    });
    if (twin != services.end())
        return problem("{} defines a service of that name; allowed: one of the two",
                       twin->origin.place);
    model::ServiceSpec service;
    service.name = model::fallback_name;
    service.settings.emplace();
    service.is_fallback = true;
    service.origin = {model::SourceKind::file, value.place};
    model::EndpointSpec endpoint;
    endpoint.identity = model::to_string(*address);
    endpoint.address = std::move(*address);
    endpoint.origin = service.origin;
    service.endpoints.push_back(std::move(endpoint));
    services.push_back(std::move(service));
    return {};
}

}  // namespace set
}  // namespace fairlead::control
