// The balancing policies by name. To add one: a file of its own, a row in registry.cpp, a line in
// this folder's CMakeLists.txt; the contract test and the configuration check then know it.
//
// Threads: any (pure).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/policy.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace fairlead::balance {

struct PolicyRow {
    std::string_view name;
    std::string_view help;
    model::PolicyPtr (*make)(const std::vector<model::Endpoint>& endpoints);
};

std::span<const PolicyRow> policies() noexcept;

/// The policy of that name over `endpoints`, or a problem that lists the names there are. Where
/// `plugins` is not null: that chain, which outlives it.
Checked<model::PolicyPtr> make_policy(std::string_view name,
                                      const std::vector<model::Endpoint>& endpoints,
                                      const model::PluginChain* plugins = nullptr);

/// Success, or the same problem as make_policy's.
Checked<> check_policy_name(std::string_view name);

}  // namespace fairlead::balance
