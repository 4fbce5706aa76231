// Round robin: each endpoint in turn, in proportion to its weight. Each worker keeps its own turn.
#pragma once

#include "proxy/model/policy.hpp"

#include <vector>

namespace fairlead::balance {

model::PolicyPtr make_round_robin(const std::vector<model::Endpoint>& endpoints);

}  // namespace fairlead::balance
