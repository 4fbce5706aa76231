#include "tests/support/tls_server_peer.hpp"

#include <openssl/ssl.h>

#include <stdexcept>

namespace fairlead::test {

void TlsServerContext::Delete::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}
void TlsServerPeer::Delete::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}

TlsServerContext::TlsServerContext(const TestCertificate& certificate, const std::string& client_ca)
    : context_(SSL_CTX_new(TLS_server_method())) {
    auto* const native = context_.get();
    const bool is_loaded =
        SSL_CTX_use_certificate_chain_file(native, certificate.cert_file().c_str()) == 1 &&
        SSL_CTX_use_PrivateKey_file(native, certificate.key_file().c_str(), SSL_FILETYPE_PEM) == 1;
    if (!is_loaded) throw std::runtime_error("cannot load the test's certificate");
    if (client_ca.empty()) return;
    SSL_CTX_load_verify_file(native, client_ca.c_str());
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("t"), 1);
}

TlsServerPeer::TlsServerPeer(SocketPeer& peer, const TlsServerContext& context)
    : ssl_(SSL_new(context.native())) {
    SSL_set_fd(ssl_.get(), peer.descriptor());
    is_ready_ = SSL_accept(ssl_.get()) == 1;
}

std::string TlsServerPeer::read_head() {
    std::string head;
    char byte = 0;
    while (is_ready_ && !head.ends_with("\r\n\r\n")) {
        if (SSL_read(ssl_.get(), &byte, 1) != 1) return {};
        head.push_back(byte);
    }
    return head;
}

void TlsServerPeer::send(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsServerPeer::server_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string() : std::string(name);
}

bool TlsServerPeer::is_resumed() const {
    return SSL_session_reused(ssl_.get()) == 1;
}

}  // namespace fairlead::test
