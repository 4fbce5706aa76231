// A route table of a test's routes, by the way that real ones go: through the catalog.
#pragma once

#include "proxy/model/catalog.hpp"
#include "proxy/model/route_table.hpp"

#include <vector>

namespace fairlead::test {

inline model::RouteTable table_of(std::vector<model::RouteSpec> routes) {
    model::SourceState state;
    state.routes = std::move(routes);
    model::Catalog catalog;
    catalog.apply(model::whole_change(std::move(state), "test"));
    model::RouteTable table;
    for (const auto& place : catalog.take().places) table.set(place.host, place.path, place.routes);
    return table;
}

}  // namespace fairlead::test
