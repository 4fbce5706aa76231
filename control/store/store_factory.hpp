// The store that the configuration names: Redis, or the embedded one.
//
// Threads: control.
#pragma once

#include "control/store/store.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <memory>

namespace fairlead::control {

/// A problem: the embedded store's folder cannot be used, or the Redis URL makes no sense. A Redis
/// that does not answer is none: it is connected to when it does.
Checked<std::unique_ptr<Store>> open_store(aio::IoContext& io,
                                           const model::ProcessSettings& settings);

}  // namespace fairlead::control
