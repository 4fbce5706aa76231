#include "proxy/net/tls_client.hpp"

#include "proxy/model/ip_prefix.hpp"
#include "proxy/net/tls_common.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <new>

namespace fairlead::net {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // Boost's base is like that
class VerifyCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "certificate"; }
    std::string message(int value) const override { return X509_verify_cert_error_string(value); }
};

class OpensslCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "TLS"; }
    std::string message(int value) const override {
        const auto* const reason = ERR_reason_error_string(static_cast<unsigned long>(value));
        return reason != nullptr ? reason : "TLS error";
    }
};
#pragma GCC diagnostic pop

const boost::system::error_category& verify_category() noexcept {
    static const VerifyCategory category;
    return category;
}

const boost::system::error_category& openssl_category() noexcept {
    static const OpensslCategory category;
    return category;
}

Checked<> use_authorities(SSL_CTX* context, const model::EndpointTls& settings) {
    if (!settings.verify) return {};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (settings.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_file(context, settings.ca.c_str()) != 1) {
        return problem("{}: no readable PEM certificates: {}", settings.ca, last_tls_error());
    }
    return {};
}

/// FNV-1a over the file; only ever compared with itself.
void add_file(std::uint64_t& sum, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    for (std::istreambuf_iterator<char> at(file), end; at != end; ++at)
        sum = (sum ^ static_cast<unsigned char>(*at)) * 0x100000001b3ULL;
}

}  // namespace

Checked<std::shared_ptr<const TlsClientContext>> TlsClientContext::load(
    const model::EndpointTls& settings, TlsInside inside) {
    auto* const native = SSL_CTX_new(TLS_client_method());
    if (native == nullptr) throw std::bad_alloc();
    std::shared_ptr<const TlsClientContext> context(new TlsClientContext(native, settings.verify));

    const bool only_13 = settings.min_version == model::TlsVersion::tls13;
    SSL_CTX_set_min_proto_version(native, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(native, 1);  // one recv for a record's header and body
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(native, &TlsClientContext::keep_ticket);
    if (inside == TlsInside::http)
        SSL_CTX_set_alpn_protos(native, offered_protocols, sizeof offered_protocols - 1);
    if (auto used = use_authorities(native, settings); !used) return used.error();
    if (!settings.client.cert.empty()) {
        if (auto used = use_certificate(native, settings.client); !used) return used.error();
    }
    return context;
}

void TlsClientContext::prepare(SSL* ssl, const std::string& name) const {
    const bool is_address = model::read_ip(name).has_value();
    if (!is_address && !name.empty()) SSL_set_tlsext_host_name(ssl, name.c_str());
    if (!verify_) return;
    // OpenSSL takes an empty name for "any": an endpoint without one has none that could be right.
    const char* const expected = name.empty() ? "unnamed.invalid" : name.c_str();
    if (is_address) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    } else {
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl, expected);
    }
}

int TlsClientContext::keep_ticket(SSL* ssl, ssl_session_st* session) {
    static_cast<TlsSession*>(SSL_get_app_data(ssl))->ticket_.session.reset(session);
    return 1;
}

Checked<> load_endpoint_tls(model::EndpointTls& settings) {
    auto context = TlsClientContext::load(settings);
    if (!context) return context.error();
    settings.context = std::move(*context);
    settings.files = 0xcbf29ce484222325ULL;
    for (const auto* path : {&settings.ca, &settings.client.cert, &settings.client.key}) {
        if (!path->empty()) add_file(settings.files, *path);
    }
    return {};
}

boost::system::error_code handshake_error(const SSL* ssl, int kind) {
    const bool verifies = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0;
    const auto verified = verifies ? SSL_get_verify_result(ssl) : long{X509_V_OK};
    const auto error = ERR_peek_last_error();
    ERR_clear_error();
    if (kind == SSL_ERROR_SSL && verified != X509_V_OK)
        return {static_cast<int>(verified), verify_category()};
    if (kind == SSL_ERROR_SSL && error != 0) return {static_cast<int>(error), openssl_category()};
    return {errno != 0 ? errno : ECONNRESET, boost::system::system_category()};
}

bool is_verify_error(const boost::system::error_code& error) noexcept {
    return error.category() == verify_category();
}

bool is_refused_certificate(const boost::system::error_code& error) noexcept {
    if (error.category() != openssl_category()) return false;
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value())) - SSL_AD_REASON_OFFSET) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
        case SSL_AD_CERTIFICATE_REQUIRED:
            return true;
        default:
            return false;
    }
}

}  // namespace fairlead::net
