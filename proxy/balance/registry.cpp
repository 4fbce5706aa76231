#include "proxy/balance/registry.hpp"

#include "proxy/balance/p2c.hpp"
#include "proxy/balance/plugin_chain.hpp"
#include "proxy/balance/round_robin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace fairlead::balance {
namespace {

constexpr PolicyRow rows[] = {
    {"p2c", "the less loaded of two drawn at random, by weight", make_p2c},
    {"round_robin", "each in turn, by weight", make_round_robin},
};

const PolicyRow* find(std::string_view name) {
    const auto* const at = std::find_if(std::begin(rows), std::end(rows),
                                        [&](const auto& row) { return row.name == name; });
    return at == std::end(rows) ? nullptr : at;
}

Problem unknown(std::string_view name) {
    std::string names;
    for (const auto& row : rows) names.append(names.empty() ? "" : ", ").append(row.name);
    return problem("'{}' is not a policy; allowed: {}", name, names);
}

}  // namespace

std::span<const PolicyRow> policies() noexcept {
    return rows;
}

Checked<model::PolicyPtr> make_policy(std::string_view name,
                                      const std::vector<model::Endpoint>& endpoints,
                                      const model::PluginChain* plugins) {
    if (plugins != nullptr) return make_plugin_chain(*plugins, endpoints);
    const auto* const row = find(name);
    if (row == nullptr) return unknown(name);
    return row->make(endpoints);
}

Checked<> check_policy_name(std::string_view name) {
    if (find(name) == nullptr) return unknown(name);
    return {};
}

}  // namespace fairlead::balance
