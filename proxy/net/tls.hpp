// TLS at a listener: the context made from configuration, and one connection's engine.
//
// Threads: TlsContext: any (immutable after load; OpenSSL counts references itself). TlsSession:
// one worker.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fairlead::net {

struct SslContextDelete {
    void operator()(SSL_CTX* context) const noexcept;
};
struct SslDelete {
    void operator()(SSL* ssl) const noexcept;
};

class TlsContext {
public:
    /// Reads the certificate and key; a problem names the file and what OpenSSL said.
    static Checked<std::shared_ptr<const TlsContext>> load(const model::TlsSettings& settings);

    SSL_CTX* native() const noexcept { return context_.get(); }

private:
    explicit TlsContext(SSL_CTX* context) : context_(context) {}

    std::unique_ptr<SSL_CTX, SslContextDelete> context_;
};

/// What a handshake has settled, as OpenSSL names it. Views live as long as the session.
struct TlsFacts {
    std::string_view version;
    std::string_view cipher;
    std::string_view server_name;  // that the client asked for; "" for none
};

/// What an SSL call that could not finish waits for.
enum class TlsWants : std::uint8_t { nothing, read, write, closed, failed };

/// One server-side TLS connection over a non-blocking descriptor.
///
/// OpenSSL reads and writes the socket itself and gives its record buffers back between records
/// (SSL_MODE_RELEASE_BUFFERS), so an idle connection holds no buffer of ours.
class TlsSession {
public:
    TlsSession(const TlsContext& context, int descriptor);

    TlsWants handshake();
    /// n: bytes read; 0 unless the result is nothing.
    TlsWants read(char* data, std::size_t size, std::size_t& n);
    /// n: bytes taken. A call that wants something is repeated with the same leading bytes.
    TlsWants write(const char* data, std::size_t size, std::size_t& n);
    /// Sends close_notify if that is possible at once; the peer's is not waited for.
    void shut_down();

    bool has_buffered_input() const noexcept;
    std::string_view alpn() const noexcept;
    TlsFacts facts() const noexcept;

private:
    TlsWants wants(int result);

    std::unique_ptr<SSL, SslDelete> ssl_;
    bool failed_ = false;
};

}  // namespace fairlead::net
