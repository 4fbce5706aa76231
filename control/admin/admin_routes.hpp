// The admin endpoint: one table of verb, path, help and handler; GET / prints the table.
//
// Everything it tells it reads when asked; it changes nothing. POST /diff is asked with a file.
//
// Threads: control.
#pragma once

#include "control/admin/metrics_page.hpp"
#include "control/config/config_loader.hpp"
#include "control/http_server.hpp"
#include "control/journal.hpp"
#include "control/reconciler.hpp"
#include "discovery/source.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// What the admin endpoint reads from; all of it outlives the endpoint.
struct AdminFacts {
    Reconciler& reconciler;
    std::vector<const discovery::Source*> sources;
    std::function<std::uint64_t(metrics::Metric)> metric;
    std::function<std::uint64_t(Reason)> reason;
    std::function<bool()> is_stopping;
    WallTime started;
    std::shared_ptr<Journal> journal = nullptr;
    // What the process was started with, and where its file says so.
    model::ProcessSettings settings = {};
    std::vector<GivenSetting> given = {};
    std::function<std::vector<std::string_view>()> needs_restart = nullptr;
    std::function<std::size_t(const std::string& who)> accept_loss = nullptr;  // see Store
};

class AdminRoutes {
public:
    explicit AdminRoutes(AdminFacts facts) : facts_(std::move(facts)) {}

    HttpReply handle(const HttpRequest& request) const;

private:
    struct Row;
    static const std::vector<Row>& table();

    struct Call {
        const HttpRequest& request;
        std::string argument;  // what stood in the place of NAME in the row's path, decoded
    };
    HttpReply index(const Call& call) const;
    HttpReply routes(const Call& call) const;
    HttpReply services(const Call& call) const;
    HttpReply service(const Call& call) const;
    HttpReply metrics(const Call& call) const;
    HttpReply healthz(const Call& call) const;
    HttpReply accept_loss(const Call& call) const;
    HttpReply version_page(const Call& call) const;

    HttpReply explain_page(const Call& call) const;
    HttpReply events(const Call& call) const;
    HttpReply config(const Call& call) const;
    HttpReply diff(const Call& call) const;

    std::vector<SourceFacts> source_facts() const;

    AdminFacts facts_;
};

}  // namespace fairlead::control
