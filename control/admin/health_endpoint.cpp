#include "control/admin/health_endpoint.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace fairlead::control {
namespace {

constexpr std::string_view root = "/health";

HttpReply status_reply(int status, boost::json::object body) {
    HttpReply reply;
    reply.status = status;
    reply.body = boost::json::serialize(body);
    return reply;
}

}  // namespace

HttpReply HealthEndpoint::handle(const HttpRequest& request) const {
    const std::string_view path = request.path;
    const bool is_root = path == root || path == "/health/";
    const bool is_service = !is_root && path.starts_with("/health/");
    if (!is_root && !is_service)
        return error_reply(404, "only /health and /health/SERVICE are here");
    if (request.method != "GET") {
        auto reply = error_reply(405, "allowed: GET, HEAD");
        reply.fields.emplace_back("Allow", "GET, HEAD");
        return reply;
    }
    if (is_stopping_) {
        boost::json::object body;
        body["status"] = "stopping";
        return status_reply(503, std::move(body));
    }
    if (is_service) return of_service(percent_decode(path.substr(root.size() + 1)));
    boost::json::object body;
    body["status"] = "ok";
    return status_reply(200, std::move(body));
}

HttpReply HealthEndpoint::of_service(const std::string& name) const {
    const auto* const service = reconciler_.current()->services().find(name);
    if (service == nullptr) {
        return error_reply(404, fmt::format("no source defines a service '{}'", name));
    }
    const auto& endpoints = service->endpoints;
    const auto now = Clock::now();
    const auto ready = std::count_if(endpoints.begin(), endpoints.end(), [&](const auto& endpoint) {
        return endpoint.state->takes_requests(now);
    });
    boost::json::object body;
    body["status"] = ready > 0 ? "ok" : "no ready endpoint";
    body["ready"] = ready;
    body["endpoints"] = endpoints.size();
    return status_reply(ready > 0 ? 200 : 503, std::move(body));
}

}  // namespace fairlead::control
