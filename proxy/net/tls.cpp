#include "proxy/net/tls.hpp"

#include "proxy/base/log.hpp"
#include "proxy/net/tls_client.hpp"
#include "proxy/net/tls_common.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <new>
#include <utility>

namespace fairlead::net {
namespace {

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
    unsigned char* chosen = nullptr;
    const int answer = SSL_select_next_proto(&chosen, out_size, offered_protocols,
                                             sizeof offered_protocols - 1, in, in_size);
    *out = chosen;
    return answer == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void SslContextDelete::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}
void SslSessionDelete::operator()(ssl_session_st* session) const noexcept {
    SSL_SESSION_free(session);
}
void SslDelete::operator()(SSL* ssl) const noexcept {
    // Else OpenSSL takes the connection for broken off, and its ticket for worthless.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

Checked<std::shared_ptr<const TlsContext>> TlsContext::load(const model::TlsSettings& settings) {
    auto* const native = SSL_CTX_new(TLS_server_method());
    if (native == nullptr) throw std::bad_alloc();
    std::shared_ptr<const TlsContext> context(new TlsContext(native));

    const bool only_13 = settings.min_version == model::TlsSettings::Version::tls13;
    SSL_CTX_set_min_proto_version(native, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(
        native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(native, 1);  // one recv for a record's header and body
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(native, select_protocol, nullptr);

    for (const auto& certificate : settings.certificates) {
        if (auto used = use_certificate(native, certificate); !used) return used.error();
    }
    return context;
}

TlsSession::TlsSession(const TlsContext& context, int descriptor)
    : ssl_(SSL_new(context.native())) {
    if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor) != 1) throw std::bad_alloc();
    SSL_set_accept_state(ssl_.get());
}

TlsSession::TlsSession(std::shared_ptr<const TlsClientContext> context, const std::string& name,
                       const TlsTicket& ticket, int descriptor)
    : ssl_(SSL_new(context->native())) {
    if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor) != 1) throw std::bad_alloc();
    context->prepare(ssl_.get(), name);
    SSL_set_app_data(ssl_.get(), this);  // for TlsClientContext::keep_ticket
    if (ticket.session && ticket.context == context)
        SSL_set_session(ssl_.get(), ticket.session.get());
    SSL_set_connect_state(ssl_.get());
    ticket_.context = std::move(context);
}

void TlsSession::take_ticket(TlsTicket& to) noexcept {
    if (!ticket_.session) return;
    to.session = std::move(ticket_.session);
    to.context = ticket_.context;
}

TlsWants TlsSession::wants(int result) {
    const int kind = SSL_get_error(ssl_.get(), result);
    switch (kind) {
        case SSL_ERROR_WANT_READ:
            return TlsWants::read;
        case SSL_ERROR_WANT_WRITE:
            return TlsWants::write;
        case SSL_ERROR_ZERO_RETURN:
            return TlsWants::closed;
        default:
            break;
    }
    error_ = handshake_error(ssl_.get(), kind);
    failed_ = true;
    return TlsWants::failed;
}

TlsWants TlsSession::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return TlsWants::nothing;
    const int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ) return TlsWants::read;
    if (kind == SSL_ERROR_WANT_WRITE) return TlsWants::write;
    error_ = handshake_error(ssl_.get(), kind);
    failed_ = true;
    log::debug("tls.handshake_failed", log::kv("why", error_.message()));
    ERR_clear_error();
    return TlsWants::failed;
}

TlsWants TlsSession::read(char* data, std::size_t size, std::size_t& n) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), data, size, &n);
    if (result == 1) return TlsWants::nothing;
    n = 0;
    return wants(result);
}

TlsWants TlsSession::write(const char* data, std::size_t size, std::size_t& n) {
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), data, size, &n);
    if (result == 1) return TlsWants::nothing;
    n = 0;
    return wants(result);
}

void TlsSession::shut_down() {
    if (failed_ || SSL_in_init(ssl_.get()) != 0) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

bool TlsSession::has_buffered_input() const noexcept {
    return SSL_has_pending(ssl_.get()) == 1;
}

TlsFacts TlsSession::facts() const noexcept {
    const auto text = [](const char* value) {
        return value == nullptr ? std::string_view() : std::string_view(value);
    };
    TlsFacts facts;
    facts.version = text(SSL_get_version(ssl_.get()));
    facts.cipher = text(SSL_get_cipher_name(ssl_.get()));
    facts.server_name = text(SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name));
    return facts;
}

}  // namespace fairlead::net
