// The Redx-compatible REST API over a store: frontends, backends, health, flush.
//
// Every answer is {"message": text[, "data": any]}, JSON without spaces: clients in the field match
// on bytes. Path segments are percent-decoded after routing. What is written is stored as it came,
// like Redx did; what cannot be routed shows among the rejected entries of the store's source.
//
// Threads: control.
#pragma once

#include "control/http_server.hpp"
#include "control/store.hpp"

namespace fairlead::control {

class RedxApi {
public:
    /// The store outlives it.
    explicit RedxApi(Store& store) : store_(store) {}

    /// Never throws, never 5xx but for the store's failures.
    aio::task<HttpReply> handle(const HttpRequest& request);

private:
    Store& store_;
};

}  // namespace fairlead::control
