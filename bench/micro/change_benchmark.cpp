// A change among many: one service gets another server, one host another service; merged and
// compiled, as the reconciler does it.
#include "proxy/balance/registry.hpp"
#include "proxy/model/catalog.hpp"
#include "proxy/model/snapshot.hpp"

#include <benchmark/benchmark.h>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace fairlead;

std::string number(std::size_t i) {
    return std::to_string(i);
}

model::SourceChange::Entry service_item(std::size_t i, std::uint16_t port) {
    model::ServiceSpec service;
    service.name = "service-" + number(i);
    model::EndpointSpec endpoint;
    endpoint.address = model::Address::tcp("127.0.0.1", port);
    endpoint.identity = to_string(endpoint.address);
    service.endpoints.push_back(std::move(endpoint));
    model::SourceItem item;
    item.services.push_back(std::move(service));
    return {"backend:service-" + number(i), std::move(item)};
}

model::SourceChange::Entry route_item(std::size_t i, std::size_t service) {
    model::RouteSpec route;
    route.host = "host-" + number(i) + ".example.org";
    route.service = "service-" + number(service);
    auto name = "frontend:" + route.host;
    model::SourceItem item;
    item.routes.push_back(std::move(route));
    return {std::move(name), std::move(item)};
}

void change_among(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    model::Catalog catalog;
    model::SnapshotCompiler compiler(balance::make_policy, 2);
    model::SourceChange all;
    all.kind = model::SourceKind::store;
    for (std::size_t i = 0; i < size; ++i) {
        all.items.push_back(service_item(i, 1));
        all.items.push_back(route_item(i, i));
    }
    catalog.apply(std::move(all));
    compiler.compile(catalog.take(), TimePoint());
    std::size_t round = 0;
    for (auto _ : state) {
        ++round;
        // A prime step, so that neighbours in time are none in the table.
        const auto i = round * 7919 % size;
        model::SourceChange change;
        change.kind = model::SourceKind::store;
        change.items.push_back(service_item(i, static_cast<std::uint16_t>(1 + round % 50000)));
        change.items.push_back(route_item(i, round % size));
        catalog.apply(std::move(change));
        benchmark::DoNotOptimize(compiler.compile(catalog.take(), TimePoint()));
    }
}

BENCHMARK(change_among)->Arg(10)->Arg(1000)->Arg(10000)->Arg(100000);

}  // namespace
