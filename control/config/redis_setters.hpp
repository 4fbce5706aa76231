// What the rows below store.redis do with a checked value.
//
// Threads: any (pure but for the Draft given; redis at its end reads the files that TLS needs).
#pragma once

#include "control/config/config_schema.hpp"

#include <string_view>

namespace fairlead::control {

namespace begin {
Checked<> redis(Draft& draft, std::string_view name);
Checked<> redis_tls(Draft& draft, std::string_view name);
Checked<> redis_sentinel(Draft& draft, std::string_view name);
Checked<> redis_cluster(Draft& draft, std::string_view name);
}  // namespace begin

namespace end {
Checked<> redis(Draft& draft);
Checked<> redis_tls(Draft& draft);
Checked<> redis_sentinels(Draft& draft);
}  // namespace end

namespace set {
Checked<> redis_url(Draft& draft, const Value& value);
Checked<> redis_timeout(Draft& draft, const Value& value);
Checked<> redis_tls_verify(Draft& draft, const Value& value);
Checked<> redis_tls_ca(Draft& draft, const Value& value);
Checked<> redis_tls_name(Draft& draft, const Value& value);
Checked<> redis_tls_cert(Draft& draft, const Value& value);
Checked<> redis_tls_key(Draft& draft, const Value& value);
Checked<> redis_tls_min_version(Draft& draft, const Value& value);
Checked<> redis_sentinel_address(Draft& draft, const Value& value);
Checked<> redis_sentinel_user(Draft& draft, const Value& value);
Checked<> redis_sentinel_password(Draft& draft, const Value& value);
Checked<> redis_sentinel_tls(Draft& draft, const Value& value);
Checked<> redis_cluster_node(Draft& draft, const Value& value);
}  // namespace set

}  // namespace fairlead::control
