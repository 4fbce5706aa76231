#include "proxy/balance/plugin_registry.hpp"

#include "proxy/balance/plugin_random.hpp"
#include "proxy/balance/plugin_score.hpp"
#include "proxy/balance/plugin_stickiness.hpp"
#include "proxy/balance/plugin_weighted_score.hpp"
#include "proxy/model/field_edits.hpp"

#include <algorithm>
#include <string>

namespace fairlead::balance {
namespace {

using Param = PluginRow::Param;

constexpr PluginRow rows[] = {
    {"random", Param::none, make_random_plugin},
    {"score", Param::least_or_most, make_score_plugin},
    {"weighted_score", Param::least_or_most, make_weighted_score_plugin},
    {"stickiness", Param::cookie, make_stickiness_plugin},
};

// Redx has none: without a name every request got 500.
constexpr std::string_view default_cookie = "fairlead";

constexpr std::size_t longest_cookie_name = 64;

}  // namespace

std::span<const PluginRow> plugins() noexcept {
    return rows;
}

const PluginRow* find_plugin(std::string_view name) noexcept {
    const auto* const at = std::find_if(std::begin(rows), std::end(rows),
                                        [&](const auto& row) { return row.name == name; });
    return at == std::end(rows) ? nullptr : at;
}

Checked<> complete_plugin(model::Plugin& plugin) {
    const auto* const row = find_plugin(plugin.name);
    if (row == nullptr) {
        std::string names;
        for (const auto& known : rows) names.append(names.empty() ? "" : ", ").append(known.name);
        return problem("'{}' is not a plugin; allowed: {}", plugin.name, names);
    }
    switch (row->param) {
        case Param::none:
            if (plugin.param.empty()) return {};
            return problem("{} takes no parameter; allowed: {}", plugin.name, plugin.name);
        case Param::least_or_most:
            if (plugin.param == "least" || plugin.param == "most") return {};
            return problem("'{}' is no parameter of {}; allowed: {{{}: least}} or {{{}: most}}",
                           plugin.param, plugin.name, plugin.name, plugin.name);
        case Param::cookie:
            break;
    }
    if (plugin.param.empty()) plugin.param = default_cookie;
    // RFC 6265 4.1.1: a cookie's name is a token, as a field's is.
    if (model::is_field_name(plugin.param) && plugin.param.size() <= longest_cookie_name) return {};
    return problem("'{}' is not a cookie's name; allowed: at most {} letters, digits and -_.",
                   plugin.param, longest_cookie_name);
}

}  // namespace fairlead::balance
