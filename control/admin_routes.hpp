// The admin endpoint: one table of verb, path, help and handler; GET / prints the table.
//
// Everything it tells it reads when asked; it changes nothing.
//
// Threads: control.
#pragma once

#include "control/http_server.hpp"
#include "control/metrics_page.hpp"
#include "control/reconciler.hpp"
#include "discovery/source.hpp"

#include <functional>
#include <vector>

namespace fairlead::control {

/// What the admin endpoint reads from; all of it outlives the endpoint.
struct AdminFacts {
    const Reconciler& reconciler;
    std::vector<const discovery::Source*> sources;
    std::function<std::uint64_t(metrics::Metric)> metric;
    std::function<std::uint64_t(Reason)> reason;
    std::function<bool()> is_stopping;
    WallTime started;
};

class AdminRoutes {
public:
    explicit AdminRoutes(AdminFacts facts) : facts_(std::move(facts)) {}

    HttpReply handle(const HttpRequest& request) const;

private:
    struct Row;
    static const std::vector<Row>& table();

    // `argument`: what stood in the place of NAME in the row's path, decoded.
    HttpReply index(const std::string& argument) const;
    HttpReply routes(const std::string& argument) const;
    HttpReply services(const std::string& argument) const;
    HttpReply service(const std::string& argument) const;
    HttpReply metrics(const std::string& argument) const;
    HttpReply healthz(const std::string& argument) const;
    HttpReply version_page(const std::string& argument) const;

    std::vector<SourceFacts> source_facts() const;

    AdminFacts facts_;
};

}  // namespace fairlead::control
