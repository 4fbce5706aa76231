// What `front` sets on a listener: the values that suit the balancer in front of it.
//
// Threads: any (pure).
#pragma once

#include "proxy/model/config.hpp"

namespace fairlead::control {

/// Which of a listener's keys the file has. Those are left as they are.
struct GivenKeys {
    bool keep_alive = false;
    bool trusted_proxies = false;
    bool proxy_protocol = false;
    bool proxy_protocol_from = false;
    bool half_close = false;
};

/// Fills in what the listener's `front` has values for.
void apply_front(model::ListenerSettings& listener, const GivenKeys& given);

}  // namespace fairlead::control
