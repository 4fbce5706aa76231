// Picking one endpoint of many, by each policy there is.
#include "proxy/balance/registry.hpp"
#include "proxy/model/policy.hpp"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace fairlead;

std::vector<model::Endpoint> endpoints_of(std::size_t count) {
    std::vector<model::Endpoint> endpoints;
    for (std::size_t i = 0; i < count; ++i) {
        auto& endpoint = endpoints.emplace_back();
        endpoint.address = model::Address::tcp("127.0.0.1", static_cast<std::uint16_t>(i + 1));
        endpoint.name = to_string(endpoint.address);
        endpoint.state = std::make_shared<model::EndpointState>(endpoint.name);
    }
    return endpoints;
}

void pick(benchmark::State& state, const balance::PolicyRow& row) {
    const auto endpoints = endpoints_of(static_cast<std::size_t>(state.range(0)));
    const auto policy = row.make(endpoints);
    model::Cursor cursor;
    const model::PickInput input;
    for (auto _ : state) {
        const auto* const picked = policy->pick(input, cursor);
        if (picked == nullptr) std::abort();
        benchmark::DoNotOptimize(picked);
    }
}

const bool registered = [] {
    for (const auto& row : balance::policies()) {
        benchmark::RegisterBenchmark(("pick/" + std::string(row.name)).c_str(),
                                     [&row](benchmark::State& state) { pick(state, row); })
            ->Arg(2)
            ->Arg(100)
            ->Arg(1000);
    }
    return true;
}();

}  // namespace
