#include "proxy/net/tls_common.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace fairlead::net {

std::string last_tls_error() {
    char text[256] = {};
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return text;
}

Checked<> use_certificate(SSL_CTX* context, const model::TlsCertificate& certificate) {
    const auto& [cert, key] = certificate;
    if (SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1)
        return problem("{}: not a readable PEM certificate chain: {}", cert, last_tls_error());
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        return problem("{}: not a readable PEM key: {}", key, last_tls_error());
    if (SSL_CTX_check_private_key(context) != 1)
        return problem("{} is not the key of {}: {}", key, cert, last_tls_error());
    return {};
}

}  // namespace fairlead::net
