#include "proxy/session/exchange.hpp"

#include "proxy/base/log.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/keep_alive.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/http/request_facts.hpp"
#include "proxy/http/tunnel.hpp"
#include "proxy/http/websocket.hpp"
#include "proxy/session/fallback.hpp"
#include "proxy/session/request_cookie.hpp"
#include "proxy/upstream/retry.hpp"

namespace fairlead::session {

using metrics::Metric;

namespace {

// As HAProxy's usual `timeout tunnel`: a quiet WebSocket is not a dead one.
constexpr Duration tunnel_idle = 1h;

log::Level level_of(Side side) {
    switch (side) {
        case Side::downstream:
            return log::Level::debug;
        case Side::upstream:
            return log::Level::warn;
        case Side::internal:
            break;
    }
    return log::Level::error;
}

}  // namespace

Exchange::Exchange(Worker& worker, http::ServerStream& client)
    : worker_(worker),
      client_(client),
      client_address_(client.request(), client.client()),
      snapshot_(worker.snapshot()),
      trace_(worker.trace_of(client.request())),
      changes_(trace_.changes()),
      total_(worker.wheel(), &Exchange::cut, this) {
    phases_.began = Clock::now();
    worker_.counters().add(Metric::requests_active);
}

Exchange::~Exchange() {
    worker_.counters().subtract(Metric::requests_active);
}

net::task<> Exchange::run() {
    result<> done;
    const Reason refused = route();
    if (refused == Reason::none) {
        done = co_await dispatch();
    } else {
        done = Failure(refused);
    }
    if (!done && turn_to_fallback(done.error().reason)) done = co_await dispatch();
    if (!done) {
        co_await answer(done.error());
    }
    record(done ? Reason::none : done.error().reason);
}

Reason Exchange::route() {
    if (*snapshot_ == nullptr) return Reason::no_service;
    const auto& request = client_.request();
    const auto facts = http::request_facts(request);
    const auto match = (*snapshot_)->match(request.host, request.path, &facts);
    if (match.route == nullptr) return Reason::no_route;
    service_ = match.service;
    route_ = match.route;
    if (route_->origin.source == model::SourceKind::store) tell_frontend(route_);
    if (match.route->rules) {
        const auto refused = apply_rules(match);
        if (refused != Reason::none) return refused;
    }
    return service_ == nullptr ? Reason::no_service : Reason::none;
}

Reason Exchange::apply_rules(const model::Match& match) {
    const RouteRules rules(**snapshot_, match, client_.request(), client_.client());
    edits_ = rules.response_edits();
    client_.set_response_edits(edits_);
    refusal_ = rules.refuse(client_address_, worker_.wheel().now());
    if (refusal_.reason != Reason::none) return refusal_.reason;
    rules.rewrite(changes_);
    if (const auto* const shared = rules.share(client_address_, worker_.random()))
        service_ = shared;
    return Reason::none;
}

void Exchange::tell_frontend(const model::RouteSpec* route) {
    if (!redx_) redx_.emplace();
    if (route != nullptr) {
        redx_->frontend = frontend_name(*route);
        redx_->backend = route->service;
    }
    redx_->client_ip = client_address_.text();
    changes_.redx = &*redx_;
    changes_.stopped = changes_.stopped | http::redx_replaces();
}

bool Exchange::turn_to_fallback(Reason why) {
    const auto* const fallback = *snapshot_ == nullptr ? nullptr : (*snapshot_)->fallback();
    if (fallback == nullptr || !can_fall_back(why)) return false;
    // What of the body has gone to an endpoint is not here any more.
    if (client_.has_begun_response() || has_read_on_) return false;
    worker_.counters().add(Metric::fallbacks);
    worker_.counters().add(why);
    fell_back_for_ = why;
    service_ = fallback;
    has_response_bytes_ = false;
    // As the request came: what the route or the endpoint would have had of it is not meant for
    // this one.
    changes_ = trace_.changes();
    host_.clear();
    tell_frontend(nullptr);
    client_.set_response_edits(nullptr);
    client_.set_response_cookie(nullptr);
    return true;
}

void Exchange::prepare(const model::Endpoint& endpoint) {
    const auto* const stored = endpoint.stored.get();
    changes_.fixed_target = stored == nullptr ? std::string_view() : stored->target;
    // HTTP/1.0 may name no host; endpoints refuse HTTP/1.1 without one. As nginx does it.
    const bool is_unnamed = client_.request().authority.empty() && changes_.authority == host_;
    if (is_unnamed) {
        const bool is_local = endpoint.address.kind == model::Address::Kind::unix_socket;
        host_ = is_local ? "localhost" : to_string(endpoint.address);
        changes_.authority = host_;
    }
    // The fallback is told of the server that failed.
    if (changes_.redx == nullptr || fell_back_for_ != Reason::none) return;
    redx_->server = stored == nullptr ? endpoint.name : stored->text;
}

net::task<result<>> Exchange::dispatch() {
    const auto& settings = service_->settings;
    Failure failure(Reason::no_endpoint);
    total_.arm(settings.timeouts.total);
    client_.tell_when_gone(&Exchange::let_go, this);
    bool grew_old =
        false;  // the last attempt died of a connection that was too old: any new one will do
    const auto* endpoint = pick(nullptr);
    for (unsigned tries = 0; endpoint != nullptr;) {
        prepare(*endpoint);
        if (endpoint->stored && endpoint->stored->is_fallback) {
            failure = Reason::sent_to_fallback;
            break;
        }
        if (failure.reason != Reason::no_endpoint)
            worker_.counters().add(Metric::attempts_repeated);

        upstream::Lease lease(worker_.pool(), endpoint->state,
                              settings.tls ? &*settings.tls : nullptr);
        lease_ = &lease;
        const auto done = co_await attempt(lease, *endpoint, reuse_for(grew_old));
        if (done) co_return done;
        lease_ = nullptr;
        failure = why(done.error(), lease);
        const bool may_repeat = judge(failure, lease);
        grew_old = may_repeat && lease.is_reused();
        if (!grew_old) ++tries;
        const auto* const avoid = grew_old ? nullptr : endpoint->state.get();
        endpoint = may_repeat && tries < settings.attempts ? pick(avoid) : nullptr;
        // A connection that grew old in the pool is no news: the next attempt tells.
        if (!grew_old || endpoint == nullptr) log_failed(failure, lease, endpoint != nullptr);
        // The last attempt's reason is the request's.
        if (!grew_old && endpoint != nullptr) worker_.counters().add(failure.reason);
    }
    co_return failure;
}

Failure Exchange::why(const Failure& seen, const upstream::Lease& lease) const {
    if (seen.reason == Reason::client_write_timeout) return seen;
    if (worker_.is_stopping()) return Reason::stopping;
    if (client_is_gone_) return Reason::client_closed;
    if (total_.expired()) return Reason::total_timeout;
    return lease.was_cut() ? Failure(Reason::drain_timeout) : seen;
}

const model::Endpoint* Exchange::pick(const model::EndpointState* avoid) {
    auto& cursor = service_->state->cell(worker_.index()).cursor;
    model::PickInput input;
    input.now = worker_.wheel().now();
    input.avoid = avoid;
    if (!service_->cookie.empty()) input.cookie = cookie_of(client_.request(), service_->cookie);
    return model::pick_endpoint(*service_->policy, input, cursor);
}

upstream::Reuse Exchange::reuse_for(bool grew_old) const {
    if (grew_old) return upstream::Reuse::never;
    // What cannot be repeated is not sent on a connection that may be gone; the check costs a
    // system call.
    const bool may_repeat =
        http::is_idempotent(client_.request().method) && client_.initial_body().is_last;
    return may_repeat ? upstream::Reuse::allowed : upstream::Reuse::checked;
}

net::task<result<>> Exchange::attempt(upstream::Lease& lease, const model::Endpoint& endpoint,
                                      upstream::Reuse reuse) {
    const auto& timeouts = service_->settings.timeouts;
    const bool is_logged = worker_.access_log() != nullptr;
    endpoint_ = &endpoint;
    ++attempts_;
    // The first one begins at once: no need for the clock.
    if (is_logged) phases_.attempt_begins(attempts_ == 1 ? phases_.began : Clock::now());
    if (!worker_.pool().take_idle(lease, reuse)) {
        const auto connected = co_await worker_.pool().connect(lease, endpoint, timeouts.connect);
        if (is_logged) phases_.connected = Clock::now();
        if (!connected) co_return connected.error();
    }
    endpoint.state->count_request();

    const auto loan = worker_.client_streams().borrow();
    auto& stream = *loan;
    stream.attach(lease.transport(), timeouts.first_byte, timeouts.idle);
    const auto body = client_.initial_body();
    if (stream.send_head(client_.request(), client_.client(), changes_, body) != net::Sent::all) {
        const auto sent = co_await stream.finish_sending();
        if (!sent && body.is_last && !client_.request().body.has_body()) co_return sent;
    }
    result<> done;
    if (body.is_last) {
        done = co_await await_response(stream, nullptr);
    } else {
        done = co_await upload_and_await_response(stream, lease.transport());
    }
    has_response_bytes_ = stream.has_response_bytes();
    if (done && stream.is_reusable()) lease.keep();
    co_return done;
}

net::task<result<>> Exchange::upload_and_await_response(http::ClientStream& endpoint,
                                                        net::Transport& transport) {
    has_read_on_ = true;
    Upload upload(worker_.reactor(), client_, endpoint, transport);
    upload.start();
    const auto done = co_await await_response(endpoint, &upload);
    co_await upload.finish();
    const bool is_clients = !done && side_of(done.error().reason) == Side::downstream;
    if (!done && !is_clients && upload.client_failure()) co_return *upload.client_failure();
    co_return done;
}

net::task<result<>> Exchange::await_response(http::ClientStream& endpoint, const Upload* upload) {
    for (;;) {
        const auto read = co_await endpoint.read_head();
        if (!read) co_return read;
        const auto& head = endpoint.response();
        if (worker_.access_log() != nullptr && (head.status >= 200 || head.status == 101))
            phases_.answered = Clock::now();
        if (!service_->cookie.empty()) set_cookie();
        if (head.status == 101) co_return co_await tunnel(endpoint);
        if (head.status >= 200) {
            if (head.present.has(http::FieldId::keep_alive)) learn_idle_time(head);
            break;
        }
        is_sending_interim_ = true;
        const auto begun = client_.send_interim(head);
        const auto sent = co_await finish(begun);
        is_sending_interim_ = false;
        if (!sent) co_return sent;
    }
    // A client that is still sending when its answer comes may go on for ever: this is its last
    // request.
    if (upload != nullptr && !upload->has_read_all()) client_.close_after_response();
    const auto first = endpoint.buffered_body();
    if (!first) co_return first.error();
    const auto begun = begin_response(endpoint.response(), *first);
    if (begun == net::Sent::all && first->is_last) co_return result<>();
    co_return co_await relay_rest(endpoint, *first, begun);
}

void Exchange::learn_idle_time(const http::ResponseHead& head) {
    const auto announced = http::announced_idle_time(head);
    if (announced) lease_->endpoint().announce_idle(*announced);
}

net::task<result<>> Exchange::relay_rest(http::ClientStream& endpoint, http::BodyPiece piece,
                                         net::Sent sent) {
    for (;;) {
        if (sent != net::Sent::all) {
            const auto finished = co_await client_.finish_sending();
            if (!finished) co_return finished;
        }
        if (piece.is_last) co_return result<>();
        const auto next = co_await endpoint.read_body();
        if (!next) co_return next.error();
        piece = *next;
        sent = client_.send_body(piece);
    }
}

void Exchange::set_cookie() {
    const auto* const stored = endpoint_->stored.get();
    if (stored == nullptr || stored->cookie.empty()) return;
    const auto sent = cookie_of(client_.request(), service_->cookie);
    if (model::same_cookie(sent, stored->cookie)) return;
    const auto frontend = frontend_name(*route_);
    const auto slash = frontend.find('/');
    auto& cookie = cookie_.emplace();
    cookie.name = service_->cookie;
    cookie.value = stored->cookie;
    cookie.path = frontend.empty() ? std::string_view(route_->path) : std::string_view();
    if (slash != std::string_view::npos) cookie.path = frontend.substr(slash);
    if (cookie.path.empty()) cookie.path = "/";
    client_.set_response_cookie(&cookie);
}

net::Sent Exchange::begin_response(const http::ResponseHead& head, const http::BodyPiece& piece) {
    if (worker_.is_draining()) client_.close_after_response();
    const auto sent = client_.send_head(head, piece);
    status_ = sent == net::Sent::failed ? 0 : head.status;
    return sent;
}

net::task<result<>> Exchange::tunnel(http::ClientStream& endpoint) {
    const bool was_asked_for = client_.request().upgrades_to_websocket;
    if (!was_asked_for || !endpoint.response().switches_to_websocket ||
        !http::accepts_websocket(client_.request(), endpoint.response()))
        co_return Failure(Reason::bad_upgrade);
    const http::BodyPiece nothing;
    const auto begun = begin_response(endpoint.response(), nothing);
    const auto sent = co_await finish(begun);
    if (!sent) co_return sent;
    const auto client_side = client_.take_raw();
    const auto endpoint_side = endpoint.take_raw();
    if (!client_side || !endpoint_side) co_return Failure(Reason::internal_error);
    worker_.counters().add(Metric::tunnels_open);
    co_await http::run_tunnel(worker_.reactor(), *client_side, *endpoint_side, worker_.buffers(),
                              tunnel_idle);
    worker_.counters().subtract(Metric::tunnels_open);
    // dispatch() says which of them.
    if (total_.expired() || lease_->was_cut() || worker_.is_stopping())
        co_return Failure(Reason::upstream_truncated);
    co_return result<>();
}

net::task<> Exchange::answer(const Failure& failure) {
    if (client_.has_begun_response() || status_of(failure.reason) == 0) {
        client_.abort();
        co_return;
    }
    http::Reply reply = http::make_reply(failure.reason);
    complete_reply(reply, refusal_, client_.request());
    const auto piece = http::content_of(reply, client_.request().method);
    if (!client_.initial_body().is_last) client_.close_after_response();
    // Where the fallback has failed too, it is the route's answer again.
    if (fell_back_for_ != Reason::none) client_.set_response_edits(edits_);
    const auto begun = begin_response(reply.head, piece);
    const auto sent = co_await finish(begun);
    if (!sent) client_.abort();
}

net::task<result<>> Exchange::finish(net::Sent sent) {
    if (sent == net::Sent::all) co_return result<>();
    co_return co_await client_.finish_sending();
}

bool Exchange::judge(const Failure& failure, const upstream::Lease& lease) {
    upstream::AttemptFacts facts;
    facts.failure = failure.reason;
    facts.method = client_.request().method;
    facts.has_sent_bytes = lease.has_sent_bytes();
    facts.body_is_whole = client_.initial_body().is_last;
    facts.has_response_bytes = has_response_bytes_;
    facts.was_reused = lease.is_reused();
    const bool may_repeat = !client_.has_begun_response() && upstream::may_repeat(facts);
    const bool is_news = !may_repeat || !facts.was_reused;
    const Duration ejection = service_->settings.ejection;
    if (is_news && ejection > Duration::zero() && upstream::speaks_against_endpoint(facts)) {
        worker_.counters().add(Metric::ejections);
        lease.endpoint().eject_until(worker_.wheel().now() + ejection, failure.reason);
    }
    return may_repeat;
}

void Exchange::log_failed(const Failure& failure, const upstream::Lease& lease, bool is_repeated) {
    log::line(level_of(side_of(failure.reason)), "attempt.failed",
              log::kv("client", client_address_.text()), log::kv("service", service_->spec.name),
              log::kv("endpoint", lease.endpoint().identity()),
              log::kv("reason", to_string(failure.reason)),
              log::kv("error", failure.cause ? failure.cause.message() : std::string("-")),
              log::kv("repeated", is_repeated));
}

void Exchange::cut(void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.lease_ != nullptr) exchange.lease_->close();
    // What waits then, waits for the client to take it.
    if (exchange.client_.has_begun_response() || exchange.is_sending_interim_)
        exchange.client_.abort();
}

void Exchange::let_go(void* self) {
    static_cast<Exchange*>(self)->client_is_gone_ = true;
    cut(self);
}

void Exchange::record(Reason reason) {
    const auto ended = Clock::now();
    if (reason != Reason::none) worker_.counters().add(reason);
    if (worker_.access_log() != nullptr) write_line(reason, ended);
    if (service_ == nullptr) return;
    auto& cell = service_->state->cell(worker_.index());
    const auto status_class = static_cast<std::size_t>(status_ / 100);
    cell.by_status_class[status_class < cell.by_status_class.size() ? status_class : 0].add();
    cell.latency.observe(ended - phases_.began);
}

void Exchange::write_line(Reason reason, TimePoint ended) {
    auto line = record_of(client_, client_address_.text());
    set_phases(line, phases_, ended);
    line.status = status_;
    line.reason = reason == Reason::none ? fell_back_for_ : reason;
    line.attempts = attempts_;
    if (service_ != nullptr) line.service = service_->spec.name;
    if (endpoint_ != nullptr) line.endpoint = endpoint_->name;
    if (*snapshot_ != nullptr) line.snapshot = (*snapshot_)->version();
    line.trace_id = trace_.id();
    line.amzn_root = trace_.amzn_root();
    worker_.access_log()->write(line);
}

}  // namespace fairlead::session
