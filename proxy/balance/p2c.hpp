// Power of two choices: draw two endpoints, take the one with fewer requests in flight per weight.
//
// Mitzenmacher 1996. Compared with "least of all", workers that decide at the same moment on the
// same slightly old numbers do not all rush to one endpoint.
#pragma once

#include "proxy/model/policy.hpp"

#include <vector>

namespace fairlead::balance {

model::PolicyPtr make_p2c(const std::vector<model::Endpoint>& endpoints);

}  // namespace fairlead::balance
