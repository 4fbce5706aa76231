// A small HTTP/1.1 server for the control thread: admin, API and health share it.
//
// Beast messages, keep-alive, whole bodies up to a limit. Not the data path. What it refuses itself
// (400, 408, 413, 431, 500) it answers as {"error": "..."}, unless told otherwise; HEAD reaches the
// handler as GET.
//
// Threads: control.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {

struct HttpRequest {
    std::string method;
    std::string path;   // raw: percent-encoded, up to '?'
    std::string query;  // raw, without '?'
    std::string body;
    std::string peer;  // the client's address without its port, "unix" for a Unix socket
    std::uint16_t peer_port = 0;
    bool is_local = false;  // over loopback or a Unix socket
    std::vector<std::pair<std::string, std::string>> fields;

    /// The first value of that field (any case), or "".
    std::string_view field(std::string_view lowered_name) const noexcept;

    /// Who asks, for logs: "127.0.0.1:51234", "[::1]:51234", "unix".
    std::string client() const;
};

/// A body of which nobody knows the end: piece by piece, for as long as the client listens.
class BodyStream {
public:
    virtual ~BodyStream() = default;

    /// Suspends until there is one; empty: that was all.
    virtual aio::task<std::string> next() = 0;

    /// Makes a next() that is suspended return, and be the last.
    virtual void close() = 0;
};

struct HttpReply {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> fields = {};  // Allow, Location ...
    // In place of `body`; ends with the connection. A client that takes nothing of it for a minute
    // is dropped.
    std::shared_ptr<BodyStream> stream = nullptr;
};

/// {"error": "..."} with that status.
HttpReply error_reply(int status, std::string_view why);

struct HttpServerOptions {
    std::size_t most_body = 64 * 1024;                                    // bytes; above: 413
    HttpReply (*refuse)(int status, std::string_view why) = error_reply;  // what it answers itself
    // Asked when the head is there, before a body is waited for or kept: an answer ends the
    // request.
    std::function<std::optional<HttpReply>(const HttpRequest& head)> admit = nullptr;
};

class HttpServer {
public:
    /// May suspend; the request outlives it.
    using Handler = std::function<aio::task<HttpReply>(const HttpRequest&)>;

    /// `name` (a literal) is for logs: "admin", "api", "health".
    HttpServer(aio::IoContext& io, std::string_view name, model::Address bind, Handler handler,
               HttpServerOptions options = HttpServerOptions());
    ~HttpServer();

    /// Binds and begins to serve, or says what keeps it from that ("cannot listen on ...: ...").
    Checked<> start();

    /// Closes the listener; connections end after the request they are serving.
    void stop();

    /// The address really bound (port 0 resolved). After start().
    model::Address bound() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

/// Percent-decodes; '+' stays '+'. A malformed escape is kept as it stands.
std::string percent_decode(std::string_view text);

}  // namespace fairlead::control
