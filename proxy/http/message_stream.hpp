// The seam between an exchange and the protocols: one request and its response as two streams of
// head, body pieces and trailers. HTTP/1.1 implements both today (http1_server_stream,
// http1_client_stream); a protocol with many streams to a connection implements the same.
//
// Sending is tried at once; `pending` means that the peer has to take what it got first: await
// finish_sending() before sending more. Everything handed over stays valid until then.
//
// Threads: one worker. One coroutine may read while another sends.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/client_facts.hpp"
#include "proxy/http/message.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/transport.hpp"

#include <optional>
#include <string_view>

namespace fairlead::http {

/// Bytes in both directions with nothing above them, after an upgrade.
struct RawConnection {
    net::Transport* transport = nullptr;
    std::string_view read_ahead;  // bytes that came behind the head
    bool half_close = true;       // the peer's end of its side is not the end of both
};

/// Bytes of one request and its answer.
struct Traffic {
    std::uint64_t received = 0;  // the request's head and content
    std::uint64_t sent = 0;      // everything, framing included
};

/// The client's side: one request is read, one response is sent.
class ServerStream {
public:
    virtual ~ServerStream() = default;

    virtual const RequestHead& request() const noexcept = 0;
    virtual const ClientFacts& client() const noexcept = 0;

    /// What of the body came along with the head. Stays valid for the whole exchange, so a request
    /// whose body is all here can be sent more than once.
    virtual BodyPiece initial_body() const noexcept = 0;
    /// Of this request, so far.
    virtual Traffic traffic() const noexcept = 0;
    /// Of the connection that it came on; empty without TLS.
    virtual net::TlsFacts tls_facts() const noexcept = 0;
    /// The next piece after initial_body(); not called again after the last.
    virtual net::task<result<BodyPiece>> read_body() = 0;
    /// Makes a read_body() that waits fail with client_closed.
    virtual void stop_reading() = 0;

    /// What the request's route does to the fields of the response: of any but an interim one or a
    /// 101. Lives as long as the exchange; may be null, as it is at first.
    virtual void set_response_edits(const model::FieldEdits* edits) noexcept = 0;
    /// The cookie that the response sets beside its own: of any but an interim one. Lives as long
    /// as the exchange; may be null, as it is at first.
    virtual void set_response_cookie(const StickyCookie* cookie) noexcept = 0;
    /// Until the response ends: `gone` is called with `context`, at most once, if the client is
    /// seen to have gone away while nobody reads its body. A quick request never finds out: a look
    /// costs more than it saves.
    virtual void tell_when_gone(void (*gone)(void* context), void* context) noexcept = 0;
    /// 100 or 103, before the response proper. Not sent to HTTP/1.0 clients, which is no failure.
    virtual net::Sent send_interim(const ResponseHead& head) = 0;
    /// Begins the response. `piece`: what of its body is there already.
    virtual net::Sent send_head(const ResponseHead& head, const BodyPiece& piece) = 0;
    virtual net::Sent send_body(const BodyPiece& piece) = 0;
    virtual net::task<result<>> finish_sending() = 0;
    virtual bool has_begun_response() const noexcept = 0;

    /// No further request on this connection. Before send_head: the response says so.
    virtual void close_after_response() noexcept = 0;
    /// The response cannot be completed, and the client must notice.
    virtual void abort() = 0;

    /// After a 101 was sent; none where the protocol has no such thing.
    virtual std::optional<RawConnection> take_raw() = 0;
};

/// The endpoint's side: one request is sent, one response is read.
class ClientStream {
public:
    virtual ~ClientStream() = default;

    virtual net::Sent send_head(const RequestHead& head, const ClientFacts& client,
                                const HeadChanges& changes, const BodyPiece& piece) = 0;
    virtual net::Sent send_body(const BodyPiece& piece) = 0;
    virtual net::task<result<>> finish_sending() = 0;

    /// The next head: interim ones (1xx) come first, each by itself.
    virtual net::task<result<>> read_head() = 0;
    virtual const ResponseHead& response() const noexcept = 0;
    /// What of the body is here already, without waiting; may be empty. Where the piece has room,
    /// that is where response() stood: whoever uses it cannot look at that any more.
    virtual result<BodyPiece> buffered_body() = 0;
    /// The next piece; not called again after the last.
    virtual net::task<result<BodyPiece>> read_body() = 0;
    /// Whether anything of a response has come: after that, nothing is repeated.
    virtual bool has_response_bytes() const noexcept = 0;

    virtual std::optional<RawConnection> take_raw() = 0;
};

}  // namespace fairlead::http
