// A TLS client over a blocking socket, and a certificate to talk to. Verifies nothing: loopback
// only.
#pragma once

#include "proxy/model/config.hpp"
#include "tests/support/socket_peer.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace fairlead::test {

/// A self-signed certificate and its key in files of their own, removed at the end.
class TestCertificate {
public:
    /// `names`: whom it is for, as OpenSSL writes subjectAltName.
    explicit TestCertificate(const std::string& names = "DNS:localhost,IP:127.0.0.1");
    ~TestCertificate();
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    model::TlsSettings settings() const;
    const std::string& cert_file() const noexcept { return cert_; }
    const std::string& key_file() const noexcept { return key_; }

private:
    std::string folder_;
    std::string cert_;
    std::string key_;
};

class TlsClient {
public:
    /// Shakes hands; throws where that fails. `alpn` in wire form ("\x08http/1.1"); may be empty.
    explicit TlsClient(SocketPeer peer, std::string_view alpn = {}, int max_version = 0);
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    void send(std::string_view bytes);
    std::string read_some();
    std::string read_to_end();
    std::string alpn() const;
    std::string version() const;

private:
    struct Delete {
        void operator()(SSL_CTX* context) const noexcept;
        void operator()(SSL* ssl) const noexcept;
    };

    SocketPeer peer_;
    std::unique_ptr<SSL_CTX, Delete> context_;
    std::unique_ptr<SSL, Delete> ssl_;
};

}  // namespace fairlead::test
