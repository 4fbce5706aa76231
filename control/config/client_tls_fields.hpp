// The fields of model::EndpointTls as the configuration writes them, wherever it does.
//
// Threads: any (functions of their arguments).
#pragma once

#include "control/config/config_schema.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

namespace fairlead::control::client_tls {

Checked<> put_verify(model::EndpointTls& tls, const Value& value);
Checked<> put_ca(model::EndpointTls& tls, const Value& value);
Checked<> put_name(model::EndpointTls& tls, const Value& value);
Checked<> put_cert(model::EndpointTls& tls, const Value& value);
Checked<> put_key(model::EndpointTls& tls, const Value& value);
Checked<> put_min_version(model::EndpointTls& tls, const Value& value);

/// What only all of them together can tell.
Checked<> check(const model::EndpointTls& tls);

}  // namespace fairlead::control::client_tls
