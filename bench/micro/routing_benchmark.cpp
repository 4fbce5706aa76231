// Routing: a table of many hosts, three paths each, asked for hosts and paths all over it.
#include "proxy/model/route_table.hpp"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using fairlead::model::RouteSpec;
using fairlead::model::RouteTable;

RouteSpec route(std::size_t host, const char* path) {
    RouteSpec spec;
    spec.host = "service-" + std::to_string(host) + ".example.org";
    spec.path = path;
    spec.service = "service-" + std::to_string(host);
    return spec;
}

void find_route(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    std::vector<RouteSpec> routes;
    for (std::size_t i = 0; routes.size() < size; ++i) {
        for (const char* path : {"", "/api", "/static/images"}) routes.push_back(route(i, path));
    }
    RouteTable table;
    for (const auto& one : routes) table.set(one.host, one.path, {one});
    // A prime step, so that neighbours in time are none in the table.
    std::vector<std::string> hosts;
    for (std::size_t i = 0; i < 1009; ++i) hosts.push_back(routes[i * 7919 % routes.size()].host);
    std::size_t i = 0;
    for (auto _ : state) {
        const auto* const entry = table.find(hosts[i], "/api/users/42");
        if (entry == nullptr) std::abort();
        benchmark::DoNotOptimize(entry);
        i = i + 1 == hosts.size() ? 0 : i + 1;
    }
}

BENCHMARK(find_route)->Arg(10)->Arg(1000)->Arg(100000);

}  // namespace
