// The Redx-compatible REST API over a store.
//
// Path segments are percent-decoded after routing. What is written is stored as it came, like Redx
// did; what cannot be routed shows among the rejected entries of the store's source. One request is
// one change of the store: all of it or nothing.
//
// Threads: control.
#pragma once

#include "control/api/api_guard.hpp"
#include "control/http_server.hpp"
#include "control/store/store.hpp"
#include "proxy/model/config.hpp"

#include <optional>

namespace fairlead::control {

class RedxApi {
public:
    /// Both outlive it.
    RedxApi(Store& store, const model::ApiSettings& settings)
        : store_(store), settings_(settings), guard_(settings.token) {}

    /// Whether it may be asked that at all, by its head; none: yes. handle() asks this first.
    std::optional<HttpReply> refuse(const HttpRequest& head) const;

    /// Never throws, never 5xx but for the store's failures.
    aio::task<HttpReply> handle(const HttpRequest& request);

private:
    Store& store_;
    const model::ApiSettings& settings_;
    ApiGuard guard_;
};

}  // namespace fairlead::control
