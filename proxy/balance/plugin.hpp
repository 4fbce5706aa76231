// One step of Redx's plugin chain: leaves fewer candidates than it was given, or as many.
//
// Threads: any (immutable).
#pragma once

#include "proxy/model/policy.hpp"

#include <memory>
#include <vector>

namespace fairlead::balance {

/// Those who may still be chosen; never empty.
using Candidates = std::vector<const model::Endpoint*>;

class Plugin {
public:
    virtual ~Plugin() = default;

    /// Leaves at least one. No allocation.
    virtual void narrow(Candidates& candidates, const model::PickInput& input,
                        Random& random) const = 0;
};

using PluginPtr = std::unique_ptr<const Plugin>;

inline void keep_only(Candidates& candidates, const model::Endpoint* endpoint) {
    candidates.resize(1);
    candidates.front() = endpoint;
}

/// A server's score; 0 for endpoints that are not of the store.
inline double score_of(const model::Endpoint& endpoint) noexcept {
    return endpoint.stored ? endpoint.stored->score : 0;
}

}  // namespace fairlead::balance
