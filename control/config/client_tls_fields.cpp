#include "control/config/client_tls_fields.hpp"

#include "proxy/model/ip_prefix.hpp"

#include <string>
#include <string_view>

namespace fairlead::control::client_tls {
namespace {

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

Checked<> put_verify(model::EndpointTls& tls, const Value& value) {
    tls.verify = value.text == "true";
    return {};
}

Checked<> put_ca(model::EndpointTls& tls, const Value& value) {
    return put_file(tls.ca, value);
}

Checked<> put_name(model::EndpointTls& tls, const Value& value) {
    if (!is_host_name(value.text) && !model::read_ip(value.text))
        return problem("'{}' is not a name; allowed: a host name or an address", value.text);
    tls.server_name = value.text;
    return {};
}

Checked<> put_cert(model::EndpointTls& tls, const Value& value) {
    return put_file(tls.client.cert, value);
}

Checked<> put_key(model::EndpointTls& tls, const Value& value) {
    return put_file(tls.client.key, value);
}

Checked<> put_min_version(model::EndpointTls& tls, const Value& value) {
    using Version = model::TlsVersion;
    tls.min_version = value.number == 0 ? Version::tls12 : Version::tls13;
    return {};
}

Checked<> check(const model::EndpointTls& tls) {
    if (tls.client.cert.empty() != tls.client.key.empty())
        return problem("cert and key go together; allowed: both or neither");
    if (!tls.verify && !tls.ca.empty())
        return problem("ca says who may have signed, and verify: false that it does not matter");
    return {};
}

}  // namespace fairlead::control::client_tls
