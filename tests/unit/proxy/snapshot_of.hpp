// A snapshot of what one source says, by the way that real ones go.
#pragma once

#include "proxy/balance/registry.hpp"
#include "proxy/model/snapshot.hpp"

#include <utility>

namespace fairlead::test {

inline model::SnapshotPtr snapshot_of(model::SourceState state, TimePoint now) {
    model::Catalog catalog;
    catalog.apply(model::whole_change(std::move(state), "test"));
    model::SnapshotCompiler compiler(balance::make_policy, 1);
    return compiler.compile(catalog.take(), now);
}

inline model::EndpointSpec endpoint(std::uint16_t port) {
    model::EndpointSpec spec;
    spec.address = model::Address::tcp("127.0.0.1", port);
    spec.identity = to_string(spec.address);
    return spec;
}

}  // namespace fairlead::test
