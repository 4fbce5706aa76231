// Redx's plugin random: one of those that are left, each as likely as the others.
#pragma once

#include "proxy/balance/plugin_registry.hpp"

namespace fairlead::balance {

PluginPtr make_random_plugin(const PluginInput& input);

}  // namespace fairlead::balance
