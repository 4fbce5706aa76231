// The plugins of Redx's chain by name. To add one: a file of its own, a row in plugin_registry.cpp,
// a line in this folder's CMakeLists.txt; the configuration check then knows it.
//
// Threads: any (pure).
#pragma once

#include "proxy/balance/plugin.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/plugin_chain.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace fairlead::balance {

/// What a plugin is made of. `endpoints` outlives it.
struct PluginInput {
    std::string_view param;
    const std::vector<model::Endpoint>& endpoints;
    std::optional<double> max_score;  // of the backend's config
};

struct PluginRow {
    enum class Param : std::uint8_t { none, least_or_most, cookie };

    std::string_view name;
    Param param;
    PluginPtr (*make)(const PluginInput& input);
};

std::span<const PluginRow> plugins() noexcept;

/// The row of that name; null: there is none.
const PluginRow* find_plugin(std::string_view name) noexcept;

/// Success where there is such a plugin and it takes that parameter. A cookie's name may be left
/// out: it is set then.
Checked<> complete_plugin(model::Plugin& plugin);

}  // namespace fairlead::balance
