// The life of one client connection: TLS if the listener has it, one request after the other, the
// end.
//
// Threads: one worker. Lives in the frame of serve_connection.
#pragma once

#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_server_stream.hpp"
#include "proxy/net/transport.hpp"
#include "proxy/session/listener_context.hpp"
#include "proxy/session/worker.hpp"

#include <optional>

namespace fairlead::session {

class Connection {
public:
    /// `ip`: the client's; none on a Unix socket.
    Connection(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
               const std::optional<model::IpBytes>& ip);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    net::task<> serve();

    /// Between requests, with nothing of the next one here.
    bool is_idle() const noexcept { return stream_.is_idle(); }
    /// Ends what waits; serve() then returns.
    void close() { transport_.close(); }

private:
    friend class Worker;

    static void close_transport(void* self);
    http::ClientFacts learn_client(const std::optional<model::IpBytes>& ip) const;
    net::task<bool> handshake();
    /// Answers what could not be read as a request. False: nothing can be answered.
    net::task<> refuse(Reason reason);
    /// Closes so that the client can read our last answer though we did not read all it sends.
    net::task<> close_lingering();

    Worker& worker_;
    const ListenerContext& listener_;
    const http::ClientFacts client_;
    net::Transport transport_;
    http::Http1ServerStream stream_;
    Connection* next_ = nullptr;
    Connection** link_ = nullptr;
};

net::task<> serve_connection(Worker& worker, const ListenerContext& listener,
                             net::Descriptor socket, std::optional<model::IpBytes> ip);

}  // namespace fairlead::session
