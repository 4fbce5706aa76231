// What a load balancer in front of Fairlead asks: /health and /health/SERVICE, for any Host.
//
// Threads: control.
#pragma once

#include "control/http_server.hpp"
#include "control/reconciler.hpp"

namespace fairlead::control {

class HealthEndpoint {
public:
    explicit HealthEndpoint(const Reconciler& reconciler) : reconciler_(reconciler) {}

    HttpReply handle(const HttpRequest& request) const;

    /// From now on every answer is 503.
    void begin_stopping() noexcept { is_stopping_ = true; }

private:
    HttpReply of_service(const std::string& name) const;

    const Reconciler& reconciler_;
    bool is_stopping_ = false;
};

}  // namespace fairlead::control
