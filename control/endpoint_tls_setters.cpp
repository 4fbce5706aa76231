// The rows below services.*.tls; the files are read here, so that a bad one is a problem of the
// configuration and not of some later request.
#include "control/config_setters.hpp"
#include "proxy/model/ip_prefix.hpp"
#include "proxy/net/tls_client.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

model::EndpointTls& tls_of(Draft& draft) {
    return *draft.service().settings->tls;
}

Checked<> put_file(std::string& field, const Value& value) {
    if (value.text.empty()) return problem("it is empty; allowed: a PEM file");
    field = value.text;
    return {};
}

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 &&
           text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789-._") == std::string_view::npos;
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
    if (tls.client.cert.empty() != tls.client.key.empty())
        return problem("cert and key go together; allowed: both or neither");
    if (!tls.verify && !tls.ca.empty())
        return problem("ca says who may have signed, and verify: false that it does not matter");
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
    tls_of(draft).verify = value.text == "true";
    return {};
}

Checked<> endpoint_tls_ca(Draft& draft, const Value& value) {
    return put_file(tls_of(draft).ca, value);
}

Checked<> endpoint_tls_name(Draft& draft, const Value& value) {
    if (!is_host_name(value.text) && !model::read_ip(value.text))
        return problem("'{}' is not a name; allowed: a host name or an address", value.text);
    tls_of(draft).server_name = value.text;
    return {};
}

Checked<> endpoint_tls_cert(Draft& draft, const Value& value) {
    return put_file(tls_of(draft).client.cert, value);
}

Checked<> endpoint_tls_key(Draft& draft, const Value& value) {
    return put_file(tls_of(draft).client.key, value);
}

Checked<> endpoint_tls_min_version(Draft& draft, const Value& value) {
    using Version = model::TlsVersion;
    tls_of(draft).min_version = value.number == 0 ? Version::tls12 : Version::tls13;
    return {};
}

}  // namespace set
}  // namespace fairlead::control
