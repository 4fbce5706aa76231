// The life of one request: route, pick, lease, forward, relay, record. Knows no protocol: it moves
// heads and body pieces between two message streams (http/message_stream.hpp).
//
// Threads: one worker. Lives in the frame of the connection that read the request.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/client_address.hpp"
#include "proxy/http/http1_client_stream.hpp"
#include "proxy/http/message_stream.hpp"
#include "proxy/http/trace.hpp"
#include "proxy/session/request_log.hpp"
#include "proxy/session/route_rules.hpp"
#include "proxy/session/upload.hpp"
#include "proxy/session/worker.hpp"
#include "proxy/upstream/pool.hpp"

#include <optional>
#include <string>

namespace fairlead::session {

class Exchange {
public:
    /// `client` has a request; it gets its response, or is aborted.
    Exchange(Worker& worker, http::ServerStream& client);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    net::task<> run();

private:
    /// Route: sets service_, or says why there is none.
    Reason route();
    /// The same where the route has rules.
    Reason apply_rules(const model::Match& match);
    /// Tries endpoints until one answers or no further try is allowed.
    net::task<result<>> dispatch();
    /// Where the fallback can answer in our place: makes it the request's service.
    bool turn_to_fallback(Reason why);
    /// What the endpoint is told of how the request was routed; `route`: of the store, or null.
    void tell_frontend(const model::RouteSpec* route);
    /// What that endpoint gets in its own way: a fixed target, its name.
    void prepare(const model::Endpoint& endpoint);
    /// Keeps the client with its endpoint, where the service does and the client's cookie does not.
    void set_cookie();
    const model::Endpoint* pick(const model::EndpointState* avoid);
    upstream::Reuse reuse_for(bool grew_old) const;
    /// One attempt: from the lease to the end of the response.
    net::task<result<>> attempt(upstream::Lease& lease, const model::Endpoint& endpoint,
                                upstream::Reuse reuse);
    /// Awaits the response where the request's body goes on: it is moved beside the response.
    net::task<result<>> upload_and_await_response(http::ClientStream& endpoint,
                                                  net::Transport& transport);
    /// `upload`: null where nothing is uploaded.
    net::task<result<>> await_response(http::ClientStream& endpoint, const Upload* upload);
    /// The endpoint says how long it keeps an idle connection.
    void learn_idle_time(const http::ResponseHead& head);
    /// What is left of the response once its head and `piece` have been sent as far as `sent` says.
    net::task<result<>> relay_rest(http::ClientStream& endpoint, http::BodyPiece piece,
                                   net::Sent sent);
    net::Sent begin_response(const http::ResponseHead& head, const http::BodyPiece& piece);
    net::task<result<>> tunnel(http::ClientStream& endpoint);
    /// Our own answer where one can still be given; else the client is cut off.
    net::task<> answer(const Failure& failure);
    /// Sends; waits only if the client does not take it at once.
    net::task<result<>> finish(net::Sent sent);
    /// What an attempt really failed of, where we ended it ourselves.
    Failure why(const Failure& seen, const upstream::Lease& lease) const;
    /// Takes the endpoint out of choice where it is to blame. True: the request may be repeated.
    bool judge(const Failure& failure, const upstream::Lease& lease);
    void log_failed(const Failure& failure, const upstream::Lease& lease, bool is_repeated);
    void record(Reason reason);
    void write_line(Reason reason, TimePoint ended);
    static void cut(void* self);
    static void let_go(void* self);

    Worker& worker_;
    http::ServerStream& client_;
    http::ClientAddress client_address_;  // found when first asked for
    const PinnedSnapshot snapshot_;
    const model::Service* service_ = nullptr;
    const model::RouteSpec* route_ = nullptr;
    const http::Trace trace_;
    http::HeadChanges changes_;                 // what the endpoint gets of the request
    RouteRefusal refusal_;                      // of the route's rules
    const model::FieldEdits* edits_ = nullptr;  // of the route, for the response; null: none
    // Only where the endpoint is told of the route, and where the response sets the cookie.
    std::optional<http::RedxFields> redx_;
    std::optional<http::StickyCookie> cookie_;
    std::string host_;  // that the endpoint gets of a request that names none
    Reason fell_back_for_ = Reason::none;
    Phases phases_;
    net::Deadline total_;                        // timeouts.total
    const model::Endpoint* endpoint_ = nullptr;  // of the last attempt
    unsigned attempts_ = 0;
    upstream::Lease* lease_ = nullptr;  // of the attempt under way
    int status_ = 0;
    bool client_is_gone_ = false;
    bool is_sending_interim_ = false;
    bool has_response_bytes_ = false;
    bool has_read_on_ = false;  // of the body, beyond what came with the head
};

}  // namespace fairlead::session
