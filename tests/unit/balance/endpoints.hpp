// Endpoints for tests of balancing.
#pragma once

#include "proxy/model/policy.hpp"

#include <initializer_list>
#include <map>
#include <memory>
#include <vector>

namespace fairlead::tests {

/// One endpoint for each weight, on ports 1, 2, 3 ...
inline std::vector<model::Endpoint> endpoints_of(std::initializer_list<std::uint32_t> weights) {
    std::vector<model::Endpoint> endpoints;
    for (const auto weight : weights) {
        model::Endpoint endpoint;
        const auto port = static_cast<std::uint16_t>(endpoints.size() + 1);
        endpoint.address = model::Address::tcp("127.0.0.1", port);
        endpoint.name = to_string(endpoint.address);
        endpoint.weight = weight;
        endpoint.state = std::make_shared<model::EndpointState>(endpoint.name);
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

/// How often each port is picked in `picks` picks; port 0: nothing was.
inline std::map<int, int> picks_of(const model::Policy& policy, const model::PickInput& input,
                                   model::Cursor& cursor, int picks) {
    std::map<int, int> counts;
    for (int i = 0; i < picks; ++i) {
        const auto* const picked = policy.pick(input, cursor);
        ++counts[picked == nullptr ? 0 : picked->address.port];
    }
    return counts;
}

}  // namespace fairlead::tests
