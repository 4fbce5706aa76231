// However a state came about, change by change or at once, the snapshot of it is the same.
#include "proxy/balance/registry.hpp"
#include "proxy/base/random.hpp"
#include "proxy/model/catalog.hpp"
#include "proxy/model/snapshot.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::model;

namespace {

constexpr std::size_t item_names = 12;
using Items = std::map<std::string, SourceItem>;

/// Everything that a request or an operator could see of it.
std::vector<std::string> lines_of(const Snapshot& snapshot, const Catalog& catalog) {
    std::vector<std::string> lines;
    for (const auto* const entry : snapshot.routes().entries()) {
        const auto& route = entry->route;
        lines.push_back(fmt::format("route {} {} [{}] -> {} by {}", route.host, route.path,
                                    conditions_text(route), route.service,
                                    to_string(route.origin)));
    }
    for (const auto* const service : snapshot.services().sorted()) {
        lines.push_back(fmt::format("service {} {}", service->spec.name, service->settings.policy));
        for (const auto& endpoint : service->endpoints)
            lines.push_back(fmt::format("  {} {}", endpoint.name, endpoint.weight));
    }
    for (const auto& loser : catalog.losers())
        lines.push_back(fmt::format("loser {} {}", to_string(loser.route.origin), loser.why));
    for (const auto& entry : catalog.rejected())
        lines.push_back(fmt::format("rejected {} {}", to_string(entry.origin), entry.why));
    return lines;
}

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    std::uint32_t below(std::uint32_t limit) { return random_.below(limit); }

    SourceItem item(SourceKind source, const std::string& name) {
        const Origin origin{source, name};
        SourceItem item;
        for (auto left = below(3); left > 0; --left) {
            ServiceSpec service;
            service.name = fmt::format("s{}", below(6));
            service.origin = origin;
            if (below(2) == 0) {
                service.settings.emplace();
                service.settings->policy = below(2) == 0 ? "p2c" : "round_robin";
            }
            for (auto ports = below(4); ports > 0; --ports) {
                EndpointSpec endpoint;
                endpoint.address =
                    Address::tcp("127.0.0.1", static_cast<std::uint16_t>(1 + below(5)));
                endpoint.identity = to_string(endpoint.address);
                endpoint.weight = 1 + below(3);
                service.endpoints.push_back(endpoint);
            }
            item.services.push_back(std::move(service));
        }
        for (auto left = below(4); left > 0; --left) item.routes.push_back(route(origin));
        if (below(5) == 0) item.rejected.push_back({origin, fmt::format("why {}", below(3))});
        return item;
    }

private:
    RouteSpec route(const Origin& origin) {
        static const std::array<std::string, 5> hosts = {"a.test", "b.test", "*.test", "*", "c.d"};
        static const std::array<std::string, 4> paths = {"", "/x", "/x/y", "/z"};
        RouteSpec route;
        route.host = hosts[below(static_cast<std::uint32_t>(hosts.size()))];
        route.path = paths[below(static_cast<std::uint32_t>(paths.size()))];
        route.service = fmt::format("s{}", below(6));
        route.origin = origin;
        if (below(3) == 0) {
            RouteConditions conditions;
            conditions.add_method(below(2) == 0 ? "GET" : "POST");
            conditions.finish();
            route.conditions = std::move(conditions);
        }
        return route;
    }

    Random random_;
};

}  // namespace

TEST_CASE("a state reached change by change is the same as one told at once", "[model]") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Generator make(seed);
        Catalog catalog;
        SnapshotCompiler compiler(balance::make_policy, 1);
        std::array<Items, source_kind_count> told;
        for (int step = 0; step < 60; ++step) {
            SourceChange change;
            change.kind = static_cast<SourceKind>(make.below(std::uint32_t{source_kind_count}));
            auto& items = told[static_cast<std::size_t>(change.kind)];
            change.is_whole = make.below(10) == 0;
            if (change.is_whole) items.clear();
            std::map<std::string, std::optional<SourceItem>> named;
            for (auto left = 1 + make.below(3); left > 0; --left) {
                const auto name = fmt::format("item{}", make.below(item_names));
                named[name] = std::nullopt;
                if (make.below(4) > 0) named[name] = make.item(change.kind, name);
            }
            for (auto& [name, item] : named) {
                items.erase(name);
                if (item) items.emplace(name, *item);
                change.items.push_back({name, std::move(item)});
            }
            catalog.apply(std::move(change));
            if (make.below(3) == 0) continue;  // the next one shares the snapshot
            const auto snapshot = compiler.compile(catalog.take(), TimePoint());

            Catalog at_once;
            for (std::size_t i = 0; i < told.size(); ++i) {
                SourceChange all;
                all.kind = static_cast<SourceKind>(i);
                all.is_whole = true;
                for (const auto& [name, item] : told[i]) all.items.push_back({name, item});
                at_once.apply(std::move(all));
            }
            SnapshotCompiler fresh(balance::make_policy, 1);
            const auto expected = fresh.compile(at_once.take(), TimePoint());
            INFO("seed " << seed << ", step " << step);
            REQUIRE(lines_of(*snapshot, catalog) == lines_of(*expected, at_once));
        }
    }
}
