// TLS at a listener: the context made from configuration; and one connection's engine, for both
// sides.
//
// Threads: TlsContext: any (immutable after load; OpenSSL counts references itself). TlsSession:
// one worker.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <boost/system/error_code.hpp>
#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_session_st;  // SSL_SESSION: <openssl/types.h> does not name it

namespace fairlead::net {

struct SslContextDelete {
    void operator()(SSL_CTX* context) const noexcept;
};
struct SslSessionDelete {
    void operator()(ssl_session_st* session) const noexcept;
};
struct SslDelete {
    void operator()(SSL* ssl) const noexcept;
};

class TlsClientContext;

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

/// What a server gave us to make the next handshake with it cheaper. Good for the context it was
/// got with, since that is what its certificate was verified by.
struct TlsTicket {
    std::unique_ptr<ssl_session_st, SslSessionDelete> session;
    std::shared_ptr<const TlsClientContext> context;
};

/// What an SSL call that could not finish waits for.
enum class TlsWants : std::uint8_t { nothing, read, write, closed, failed };

/// One TLS connection over a non-blocking descriptor.
///
/// OpenSSL reads and writes the socket itself and gives its record buffers back between records
/// (SSL_MODE_RELEASE_BUFFERS), so an idle connection holds no buffer of ours.
class TlsSession {
public:
    /// Server side.
    TlsSession(const TlsContext& context, int descriptor);
    /// Client side: sends `name`, and verifies it where the context says so.
    TlsSession(std::shared_ptr<const TlsClientContext> context, const std::string& name,
               const TlsTicket& ticket, int descriptor);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    TlsWants handshake();
    /// Why it failed: what OpenSSL says, or what is wrong with the peer's certificate.
    const boost::system::error_code& error() const noexcept { return error_; }
    /// n: bytes read; 0 unless the result is nothing.
    TlsWants read(char* data, std::size_t size, std::size_t& n);
    /// n: bytes taken. A call that wants something is repeated with the same leading bytes.
    TlsWants write(const char* data, std::size_t size, std::size_t& n);
    /// Sends close_notify if that is possible at once; the peer's is not waited for.
    void shut_down();

    bool has_buffered_input() const noexcept;
    TlsFacts facts() const noexcept;
    /// Client side: the newest ticket, if one came; else `to` stays as it is.
    void take_ticket(TlsTicket& to) noexcept;

private:
    friend class TlsClientContext;

    TlsWants wants(int result);

    std::unique_ptr<SSL, SslDelete> ssl_;
    TlsTicket ticket_;  // client side
    boost::system::error_code error_;
    bool failed_ = false;
};

}  // namespace fairlead::net
