// Redx's plugin score: those with the lowest score (least) or the highest (most). Who pushes scores
// through the API thereby says who gets the requests; of equal ones a later plugin has to choose.
#pragma once

#include "proxy/balance/plugin_registry.hpp"

namespace fairlead::balance {

PluginPtr make_score_plugin(const PluginInput& input);

}  // namespace fairlead::balance
