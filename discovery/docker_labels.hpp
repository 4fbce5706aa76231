// From the facts about one container to the service, endpoint and routes its labels ask for.
//
// A container takes part when it has a fairlead.* label other than fairlead.enable, and
// fairlead.enable is not "false". One wrong label quarantines the whole container: it then gives
// nothing but the list of what is wrong, each with the label and what is allowed.
//
// Threads: any (pure).
#pragma once

#include "discovery/container_facts.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/desired_state.hpp"

#include <string_view>
#include <vector>

namespace fairlead::discovery {

struct LabelRules {
    using CheckPolicy = Checked<> (*)(std::string_view name);

    model::DockerSettings::Addressing addressing = model::DockerSettings::Addressing::published;
    // Balancing is not discovery's business, so the names it knows are asked for. Null: any name.
    CheckPolicy check_policy = nullptr;
};

/// What one container gives. `rejected` not empty: `services` and `routes` are.
struct ContainerPlan {
    std::vector<model::ServiceSpec> services;
    std::vector<model::RouteSpec> routes;
    std::vector<model::RejectedEntry> rejected;
};

/// Whether a container with these labels is any of our business.
bool takes_part(const Labels& labels);

/// Of a running container by its own word; ContainerBook knows more (draining).
model::Admission admission_of(const ContainerFacts& facts) noexcept;

/// A container that is not running gives its services without endpoints, and its routes: a
/// request to them is answered 503, not 404.
ContainerPlan plan_container(const ContainerFacts& facts, model::Admission admission,
                             const LabelRules& rules);

/// "container web-1 (abcdef123456)"
model::Origin origin_of(const ContainerFacts& facts);

}  // namespace fairlead::discovery
