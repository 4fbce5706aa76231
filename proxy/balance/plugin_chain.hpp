// Redx's balancing: plugins that leave fewer and fewer servers, until one is left. Where more than
// one is left at the end nobody is chosen, as in Redx: its requests go to the fallback.
//
// Endpoints that our own health takes out of choice never become candidates; the formulas are
// those of the others.
//
// Threads: any (immutable). Cost of pick(): linear in the endpoints, but for the chain of `random`
// alone, which looks at a few.
#pragma once

#include "proxy/model/plugin_chain.hpp"
#include "proxy/model/policy.hpp"

#include <vector>

namespace fairlead::balance {

/// `chain`: its plugins have been checked (complete_plugin); outlives the policy, as `endpoints`
/// does.
model::PolicyPtr make_plugin_chain(const model::PluginChain& chain,
                                   const std::vector<model::Endpoint>& endpoints);

}  // namespace fairlead::balance
