// The server's side of TLS over a blocking socket, for endpoints that tests play.
#pragma once

#include "tests/support/socket_peer.hpp"
#include "tests/support/tls_client.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace fairlead::test {

/// One for all connections of an endpoint, so that sessions can be resumed.
class TlsServerContext {
public:
    /// `client_ca`: a PEM file; clients have to show a certificate that it signed. "": none.
    explicit TlsServerContext(const TestCertificate& certificate,
                              const std::string& client_ca = {});
    SSL_CTX* native() const noexcept { return context_.get(); }

private:
    struct Delete {
        void operator()(SSL_CTX* context) const noexcept;
    };
    std::unique_ptr<SSL_CTX, Delete> context_;
};

class TlsServerPeer {
public:
    TlsServerPeer(SocketPeer& peer, const TlsServerContext& context);

    /// Whether the handshake was completed.
    bool is_ready() const noexcept { return is_ready_; }
    /// Up to and with the empty line; "" at the end.
    std::string read_head();
    void send(std::string_view bytes);
    std::string server_name() const;
    bool is_resumed() const;

private:
    struct Delete {
        void operator()(SSL* ssl) const noexcept;
    };
    std::unique_ptr<SSL, Delete> ssl_;
    bool is_ready_ = false;
};

}  // namespace fairlead::test
