// What each row of config_schema.cpp does with a checked value: where in the Draft it goes.
//
// Threads: any (pure but for the Draft given).
#pragma once

#include "control/config/config_schema.hpp"

#include <string_view>

namespace fairlead::control {

/// Called when an item begins: makes room for it in the draft.
namespace begin {
Checked<> listener(Draft& draft, std::string_view name);
Checked<> tls(Draft& draft, std::string_view name);
Checked<> certificate(Draft& draft, std::string_view name);
Checked<> service(Draft& draft, std::string_view name);
Checked<> endpoint(Draft& draft, std::string_view name);
Checked<> endpoint_tls(Draft& draft, std::string_view name);
Checked<> docker(Draft& draft, std::string_view name);
}  // namespace begin

/// Called when everything in an item or list is read: what only the whole can tell.
namespace end {
Checked<> listener(Draft& draft);
Checked<> trusted_proxies(Draft& draft);
Checked<> proxy_protocol_from(Draft& draft);
Checked<> listeners(Draft& draft);
Checked<> certificates(Draft& draft);
Checked<> endpoint(Draft& draft);
Checked<> endpoint_tls(Draft& draft);
Checked<> service(Draft& draft);
}  // namespace end

namespace set {
Checked<> workers(Draft& draft, const Value& value);

Checked<> listener_bind(Draft& draft, const Value& value);
Checked<> mode(Draft& draft, const Value& value);
Checked<> proxy_protocol(Draft& draft, const Value& value);
Checked<> proxy_protocol_peer(Draft& draft, const Value& value);
Checked<> underscores(Draft& draft, const Value& value);
Checked<> min_rate_head(Draft& draft, const Value& value);
Checked<> min_rate_body(Draft& draft, const Value& value);
Checked<> min_rate_response(Draft& draft, const Value& value);
Checked<> min_rate_grace(Draft& draft, const Value& value);
Checked<> front(Draft& draft, const Value& value);
Checked<> trusted_proxy(Draft& draft, const Value& value);
Checked<> keep_alive(Draft& draft, const Value& value);
Checked<> head_timeout(Draft& draft, const Value& value);
Checked<> body_timeout(Draft& draft, const Value& value);
Checked<> half_close(Draft& draft, const Value& value);
Checked<> certificate_cert(Draft& draft, const Value& value);
Checked<> certificate_key(Draft& draft, const Value& value);
Checked<> tls_min_version(Draft& draft, const Value& value);

Checked<> policy(Draft& draft, const Value& value);
Checked<> endpoint_address(Draft& draft, const Value& value);
Checked<> endpoint_weight(Draft& draft, const Value& value);
Checked<> endpoint_tls_verify(Draft& draft, const Value& value);
Checked<> endpoint_tls_ca(Draft& draft, const Value& value);
Checked<> endpoint_tls_name(Draft& draft, const Value& value);
Checked<> endpoint_tls_cert(Draft& draft, const Value& value);
Checked<> endpoint_tls_key(Draft& draft, const Value& value);
Checked<> endpoint_tls_min_version(Draft& draft, const Value& value);
Checked<> ejection(Draft& draft, const Value& value);
Checked<> attempts(Draft& draft, const Value& value);
Checked<> connect_timeout(Draft& draft, const Value& value);
Checked<> first_byte_timeout(Draft& draft, const Value& value);
Checked<> idle_timeout(Draft& draft, const Value& value);
Checked<> total_timeout(Draft& draft, const Value& value);
Checked<> drain(Draft& draft, const Value& value);

Checked<> api_bind(Draft& draft, const Value& value);
Checked<> api_token(Draft& draft, const Value& value);
Checked<> api_max_body(Draft& draft, const Value& value);
Checked<> api_default_score(Draft& draft, const Value& value);
Checked<> max_path_length(Draft& draft, const Value& value);
Checked<> health_bind(Draft& draft, const Value& value);
Checked<> admin_bind(Draft& draft, const Value& value);
Checked<> admin_journal(Draft& draft, const Value& value);
Checked<> store_embedded(Draft& draft, const Value& value);
Checked<> store_watch(Draft& draft, const Value& value);
Checked<> store_hipache(Draft& draft, const Value& value);
Checked<> store_last_good(Draft& draft, const Value& value);
Checked<> store_mass_delete_guard(Draft& draft, const Value& value);
Checked<> store_mass_delete_hold(Draft& draft, const Value& value);
Checked<> docker_socket(Draft& draft, const Value& value);
Checked<> docker_address(Draft& draft, const Value& value);
Checked<> docker_resync(Draft& draft, const Value& value);
Checked<> access_log_path(Draft& draft, const Value& value);
Checked<> access_log_format(Draft& draft, const Value& value);
Checked<> trace_create(Draft& draft, const Value& value);
Checked<> trace_sampled(Draft& draft, const Value& value);
Checked<> request_head(Draft& draft, const Value& value);
Checked<> request_line(Draft& draft, const Value& value);
Checked<> header(Draft& draft, const Value& value);
Checked<> headers(Draft& draft, const Value& value);
Checked<> connections(Draft& draft, const Value& value);
Checked<> request_body(Draft& draft, const Value& value);
Checked<> shutdown_grace(Draft& draft, const Value& value);
Checked<> shutdown_timeout(Draft& draft, const Value& value);
}  // namespace set

}  // namespace fairlead::control
