// Redx's plugin stickiness: the server that the client's cookie names, where it is still there;
// else all are left. The session sets the cookie, see Exchange::set_cookie.
#pragma once

#include "proxy/balance/plugin_registry.hpp"

namespace fairlead::balance {

PluginPtr make_stickiness_plugin(const PluginInput& input);

}  // namespace fairlead::balance
