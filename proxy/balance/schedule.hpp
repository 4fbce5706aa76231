// Endpoints in a fixed sequence in which each appears in proportion to its weight, spread evenly
// (nginx's smooth weighted round robin, run once at construction instead of at each pick).
//
// Threads: any (immutable). Cost: at most 4 KiB for a service, whatever the weights.
#pragma once

#include "proxy/model/policy.hpp"

#include <cstdint>
#include <vector>

namespace fairlead::balance {

class Schedule {
public:
    explicit Schedule(const std::vector<model::Endpoint>& endpoints);

    /// Number of turns in one round; 0 without endpoints.
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(turns_.size()); }
    const model::Endpoint& at(std::uint32_t turn) const noexcept {
        return (*endpoints_)[turns_[turn]];
    }

    /// The first allowed endpoint at or after `turn`, wrapping once; null when there is none.
    const model::Endpoint* allowed_from(std::uint32_t turn,
                                        const model::PickInput& input) const noexcept;

private:
    const std::vector<model::Endpoint>* endpoints_;
    std::vector<std::uint32_t> turns_;  // indices into *endpoints_
};

}  // namespace fairlead::balance
