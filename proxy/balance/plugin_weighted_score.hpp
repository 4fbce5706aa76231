// Redx's plugin weighted_score: one, at random in proportion to its score (most), or to what it
// lacks of the highest (least). With the formulas that Redx documents; its own least was wrong.
//
//   2 servers, most    score
//   2 servers, least   max_score - score; without the backend's max_score all are left
//   3 or more, most    score, but nothing for those with the lowest
//   3 or more, least   the highest score - score
//
// Where all that are left have the same score, or none has a share, all are left.
// How many servers there are, the lowest and the highest are those of the whole backend: one that
// is ejected for some seconds leaves its part to the others as the formula shares it out.
#pragma once

#include "proxy/balance/plugin_registry.hpp"

namespace fairlead::balance {

PluginPtr make_weighted_score_plugin(const PluginInput& input);

}  // namespace fairlead::balance
