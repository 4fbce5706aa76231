// The admin endpoint over a reconciler that two sources have told something.
#pragma once

#include "control/admin/admin_routes.hpp"
#include "control/admin/health_endpoint.hpp"
#include "control/journal.hpp"
#include "proxy/balance/registry.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::test {

using namespace fairlead::control;
using model::SourceKind;

class QuietSource final : public discovery::Source {
public:
    SourceKind kind() const noexcept override { return SourceKind::docker; }
    aio::task<> run(Publish) override { co_return; }
    void stop() override {}
    discovery::SourceStatus status() const override {
        discovery::SourceStatus status;
        status.connected = true;
        status.detail = "Docker 1.41";
        return status;
    }
};

/// What the endpoints tell about two sources' states.
struct AdminStage {
    aio::IoContext io{1};
    std::shared_ptr<Journal> journal = std::make_shared<Journal>(io, 1000, WallTime(1700000000s));
    Reconciler reconciler{
        io, balance::make_policy, 1,
        [](const model::SnapshotPtr&, const std::function<void()>& done) { done(); }, journal};
    QuietSource docker;
    bool is_stopping = false;
    AdminRoutes admin{facts()};
    HealthEndpoint health{reconciler};

    AdminFacts facts() {
        AdminFacts made{reconciler, {&docker}, {}, {}, {}, WallTime(1700000000s)};
        made.metric = [](metrics::Metric) { return std::uint64_t{1}; };
        made.reason = [](Reason) { return std::uint64_t{2}; };
        made.is_stopping = [this] { return is_stopping; };
        made.journal = journal;
        made.needs_restart = [] { return std::vector<std::string_view>(); };
        return made;
    }

    void publish_two_sources() {
        model::SourceState file;
        file.routes.push_back({"a.test", "", "web", {SourceKind::file, "f.yaml:1:1"}});
        file.routes.push_back({"b.test", "/x", "nowhere", {SourceKind::file, "f.yaml:2:1"}});
        model::SourceState found;
        found.kind = SourceKind::docker;
        found.routes.push_back({"a.test", "", "other", {SourceKind::docker, "container one"}});
        model::ServiceSpec web;
        web.name = "web";
        web.origin = {SourceKind::docker, "container one"};
        for (std::uint16_t port = 1; port <= 2; ++port) {
            model::EndpointSpec endpoint;
            endpoint.address = model::Address::tcp("127.0.0.1", port);
            endpoint.identity = "id@" + std::to_string(port);
            endpoint.weight = port;
            endpoint.origin = web.origin;
            web.endpoints.push_back(endpoint);
        }
        web.endpoints[1].admission = model::Admission::draining;
        found.services.push_back(web);
        model::ServiceSpec odd;
        odd.name = "odd/name";
        odd.origin = web.origin;
        found.services.push_back(odd);
        found.rejected.push_back({{SourceKind::docker, "container two"}, "label x: bad"});
        reconciler.accept(model::whole_change(file, "test"));
        reconciler.accept(model::whole_change(found, "test"));
        io.poll();
    }

    model::EndpointState& first_endpoint() {
        return *reconciler.current()->services().find("web")->endpoints[0].state;
    }
};

inline HttpRequest request(std::string path, std::string method = "GET") {
    HttpRequest made;
    made.method = std::move(method);
    made.path = std::move(path);
    return made;
}

inline boost::json::value json_of(const HttpReply& reply) {
    return boost::json::parse(reply.body);
}

}  // namespace fairlead::test
