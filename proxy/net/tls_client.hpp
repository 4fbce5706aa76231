// TLS to endpoints and other servers: the context made from settings, and what handshakes fail of.
//
// Verifies by default: chain, dates and name. An endpoint whose certificate does not verify gets
// not one byte of a request.
//
// Threads: any (immutable after load; OpenSSL counts references itself).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"
#include "proxy/net/tls.hpp"

#include <boost/system/error_code.hpp>
#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::net {

/// What is spoken inside, as ALPN offers it (RFC 7301).
enum class TlsInside : std::uint8_t {
    http,     // http/1.1
    unnamed,  // ALPN is not used
};

class TlsClientContext {
public:
    /// Reads the files; a problem names the file and what OpenSSL said.
    static Checked<std::shared_ptr<const TlsClientContext>> load(
        const model::EndpointTls& settings, TlsInside inside = TlsInside::http);

    SSL_CTX* native() const noexcept { return context_.get(); }

    /// What a connection needs beyond the context: `name` as SNI (RFC 6066: no addresses there) and
    /// as what the certificate has to be for.
    void prepare(SSL* ssl, const std::string& name) const;

private:
    /// OpenSSL's call when a ticket comes; 1: we have taken it.
    static int keep_ticket(SSL* ssl, ssl_session_st* session);

    TlsClientContext(SSL_CTX* context, bool verify) : context_(context), verify_(verify) {}

    std::unique_ptr<SSL_CTX, SslContextDelete> context_;
    const bool verify_;
};

/// Sets `context` and `files` from the rest.
Checked<> load_endpoint_tls(model::EndpointTls& settings);

/// What a handshake on `ssl` failed of; `kind` from SSL_get_error. Takes OpenSSL's error queue.
boost::system::error_code handshake_error(const SSL* ssl, int kind);

/// The peer's certificate is what is wrong.
bool is_verify_error(const boost::system::error_code& error) noexcept;

/// The peer says that ours is (RFC 8446 6.2). In TLS 1.3 that comes behind the handshake, and
/// instead of anything that the peer would do for us.
bool is_refused_certificate(const boost::system::error_code& error) noexcept;

}  // namespace fairlead::net
