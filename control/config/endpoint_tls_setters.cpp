// The rows below services.*.tls; the files are read here, so that a bad one is a problem of the
// configuration and not of some later request.
#include "control/config/client_tls_fields.hpp"
#include "control/config/config_setters.hpp"
#include "proxy/net/tls_client.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

model::EndpointTls& tls_of(Draft& draft) {
    return *draft.service().settings->tls;
}

}  // namespace

namespace begin {

Checked<> endpoint_tls(Draft& draft, std::string_view) {
    draft.service().settings->tls.emplace();
    return {};
}

}  // namespace begin

namespace end {

Checked<> endpoint_tls(Draft& draft) {
    auto& tls = tls_of(draft);
    if (auto checked = client_tls::check(tls); !checked) return checked;
    return net::load_endpoint_tls(tls);
}

Checked<> service(Draft& draft) {
    auto& service = draft.service();
    service.settings->origins = draft.take_setting_origins();
    const auto& tls = service.settings->tls;
    if (!tls || !tls->verify || !tls->server_name.empty()) return {};
    const bool has_unnamed =
        std::any_of(service.endpoints.begin(), service.endpoints.end(), [](const auto& endpoint) {
            return endpoint.address.kind == model::Address::Kind::unix_socket;
        });
    if (!has_unnamed) return {};
    return problem(
        "a Unix socket has no name to verify; set tls.server_name, or tls.verify: false");
}

}  // namespace end

namespace set {

Checked<> endpoint_tls_verify(Draft& draft, const Value& value) {
    return client_tls::put_verify(tls_of(draft), value);
}
Checked<> endpoint_tls_ca(Draft& draft, const Value& value) {
    return client_tls::put_ca(tls_of(draft), value);
}
Checked<> endpoint_tls_name(Draft& draft, const Value& value) {
    return client_tls::put_name(tls_of(draft), value);
}
Checked<> endpoint_tls_cert(Draft& draft, const Value& value) {
    return client_tls::put_cert(tls_of(draft), value);
}
Checked<> endpoint_tls_key(Draft& draft, const Value& value) {
    return client_tls::put_key(tls_of(draft), value);
}
Checked<> endpoint_tls_min_version(Draft& draft, const Value& value) {
    return client_tls::put_min_version(tls_of(draft), value);
}

}  // namespace set
}  // namespace fairlead::control
