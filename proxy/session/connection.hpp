// The life of one client connection: TLS if the listener has it, one request after the other, the
// end.
//
// Between requests a connection is parked: this object waits in the reactor, without a coroutine
// and without a buffer. What a request needs it borrows from the worker when the request's first
// byte has come, and gives back when nothing of a next one is there.
//
// Threads: one worker. Frees itself at its end.
#pragma once

#include "proxy/http/client_facts.hpp"
#include "proxy/http/http1_server_stream.hpp"
#include "proxy/net/transport.hpp"
#include "proxy/net/waiter.hpp"
#include "proxy/session/listener_context.hpp"
#include "proxy/session/worker.hpp"

#include <optional>

namespace fairlead::session {

class Connection {
public:
    /// Takes a connection that was just accepted. `ip`: the client's; none on a Unix socket.
    static void open(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
                     const std::optional<model::IpBytes>& ip);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Between requests or before the first, with nothing of the next one here.
    bool awaits_request() const noexcept { return is_parked_ || is_before_first_; }
    /// The balancer in front is the one that closes idle connections.
    bool leaves_closing_to_front() const noexcept {
        return listener_.settings.front != model::Front::none;
    }
    /// Ends what waits, and then the connection.
    void close() { transport_.close(); }
    /// Ends it at once, so that nobody takes half an answer for a whole one.
    void cut();
    /// The same of one that awaits a request, once its client has taken all of its last answer.
    void close_between_requests();

private:
    friend class Worker;

    /// Wakes a parked connection.
    struct NextRequest final : net::Waiter {
        explicit NextRequest(Connection& owner) noexcept : Waiter(&wake), connection(owner) {}
        static void wake(net::Waiter& waiter, bool ready);

        Connection& connection;
    };

    Connection(Worker& worker, const ListenerContext& listener, net::Descriptor socket,
               const std::optional<model::IpBytes>& ip);
    ~Connection();

    static void time_is_up(void* self);
    /// One request after the other, until the connection is parked or at its end.
    net::task<> serve();
    /// What comes before the first request. False: it failed.
    net::task<bool> set_up();
    net::task<bool> read_proxy_headers();
    /// Waits for a first byte. False: none will come.
    net::task<bool> client_begins();
    net::task<bool> handshake();
    /// False: there is something to read.
    bool park();
    void write_refused(const http::Http1ServerStream& stream, Reason reason);
    /// Answers what could not be read as a request.
    net::task<> refuse(http::Http1ServerStream& stream, Reason reason);
    /// Closes so that the client can read our last answer though we did not read all it sends.
    net::task<> close_lingering();

    Worker& worker_;
    const ListenerContext& listener_;
    http::ClientFacts client_;  // complete once it is set up
    net::Transport transport_;
    net::Deadline deadline_;  // of waiting, and of setting up
    NextRequest next_request_;
    Connection* next_ = nullptr;
    Connection** link_ = nullptr;
    bool is_set_up_ = false;
    bool is_parked_ = false;
    bool is_before_first_ = false;  // its PROXY headers or its ClientHello are awaited
    bool is_lingering_ = false;     // its last answer is sent
};

}  // namespace fairlead::session
