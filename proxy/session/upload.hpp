// The request's body on its way to the endpoint, while the response may already be coming back.
//
// Sequential is not enough here: an endpoint may answer before it has the whole body (a refusal, or
// a conversation), and a proxy that first sends and then reads would deadlock with it. So the
// upload runs beside the response, and the response wins: when it is complete, the upload is
// stopped.
//
// Threads: one worker. Lives in the frame of Exchange::upload_and_await_response, which
// awaits finish() before it ends.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/message_stream.hpp"
#include "proxy/net/event.hpp"
#include "proxy/net/transport.hpp"

#include <optional>

namespace fairlead::session {

class Upload {
public:
    Upload(net::Reactor& reactor, http::ServerStream& client, http::ClientStream& endpoint,
           net::Transport& connection)
        : reactor_(reactor),
          client_(client),
          endpoint_(endpoint),
          connection_(connection),
          ended_(reactor) {}

    /// Begins to move what follows the initial body.
    void start();
    /// Whether the client has sent all of its body.
    bool has_read_all() const noexcept { return has_read_all_; }
    /// After start(): stops it where it still runs, and waits for its end.
    net::task<> finish();
    /// The client failed to send its body: then nothing the endpoint says matters.
    const std::optional<Failure>& client_failure() const noexcept { return client_failure_; }

private:
    net::task<> run();
    net::task<> move();

    net::Reactor& reactor_;
    http::ServerStream& client_;
    http::ClientStream& endpoint_;
    net::Transport& connection_;
    net::Event ended_;
    std::optional<Failure> client_failure_;
    bool has_read_all_ = false;
    bool stopping_ = false;
};

}  // namespace fairlead::session
