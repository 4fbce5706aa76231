#include "proxy/session/route_rules.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/head_writer.hpp"
#include "proxy/session/request_cookie.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::session {
namespace {

using model::RouteTable;

// Of a header that a rate limit counts by no more than this is looked at.
constexpr std::size_t longest_key = 256;

// What an owner of IPv6 addresses has at least is a /64: addresses of one count as one client.
constexpr std::size_t v6_network = 8;

std::string_view text_of_bytes(const model::IpBytes& ip) noexcept {
    const bool is_v4 =
        std::all_of(ip.begin(), ip.begin() + 10, [](auto byte) { return byte == 0; });
    return {reinterpret_cast<const char*>(ip.data()), is_v4 ? ip.size() : v6_network};
}

std::string_view client_key(http::ClientAddress& address) noexcept {
    const auto& ip = address.ip();
    return ip ? text_of_bytes(*ip) : std::string_view();
}

std::string_view value_of(const http::RequestHead& request, std::string_view lowered) noexcept {
    for (const auto& field : request.fields) {
        if (ascii::iequals(field.name, lowered)) return field.value;
    }
    return {};
}

/// Where the colon of a port stands, or npos.
std::size_t port_at(std::string_view authority) noexcept {
    const auto colon = authority.rfind(':');
    const bool is_of_v6 =
        colon != std::string_view::npos && authority.find(']', colon) != std::string_view::npos;
    return is_of_v6 ? std::string_view::npos : colon;
}

/// The authority's port, or its scheme's own.
unsigned port_of(std::string_view authority, std::string_view scheme) noexcept {
    unsigned port = scheme == "https" ? 443 : 80;
    if (const auto colon = port_at(authority); colon != std::string_view::npos) {
        const auto digits = authority.substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
    }
    return port;
}

/// "https://host:port", as far as the redirect says, else as the request has it.
void append_origin(std::string& out, const model::Redirect& to, std::string_view own_scheme,
                   const http::RequestHead& request) {
    const std::string_view scheme = to.scheme.empty() ? own_scheme : std::string_view(to.scheme);
    out.append(scheme).append("://");
    if (!to.host.empty()) {
        out.append(to.host);
    } else if (scheme == own_scheme && to.port == 0) {
        out.append(request.authority);
    } else {
        out.append(request.host);
    }
    if (to.port != 0) out.append(":").append(std::to_string(to.port));
}

/// The rewritten prefix; "/" where nothing would be left of the path.
std::string_view begin_of(std::string_view prefix, std::string_view rest) noexcept {
    const bool has_path = !prefix.empty() || rest.starts_with('/');
    return has_path ? prefix : std::string_view("/");
}

}  // namespace

bool takes_requests(const model::Service* service) noexcept {
    return service != nullptr &&
           std::any_of(service->endpoints.begin(), service->endpoints.end(),
                       [](const auto& endpoint) {
                           return endpoint.state->admission() == model::Admission::ready;
                       });
}

std::string_view behind_prefix(std::string_view target, std::string_view route_path) noexcept {
    auto path = target.substr(0, target.find('?'));
    const auto query = target.substr(path.size());
    auto segments = std::count(route_path.begin(), route_path.end(), '/');
    std::size_t at = 0;
    for (; segments > 0; --segments) {
        at = path.find_first_not_of('/', at);
        at = at == std::string_view::npos ? at : path.find('/', at);
        if (at == std::string_view::npos) return query;
    }
    // "//evil.example" would be another host to some: one slash is kept of many.
    const auto next = path.find_first_not_of('/', at);
    const auto from = next == std::string_view::npos ? path.size() : next;
    return from > at ? target.substr(from - 1) : target.substr(at);
}

RouteRules::RouteRules(const model::Snapshot& snapshot, const model::Match& match,
                       const http::RequestHead& request, const http::ClientFacts& client) noexcept
    : snapshot_(snapshot),
      entry_(*match.entry),
      rules_(*match.route->rules),
      request_(request),
      client_(client) {}

RouteRefusal RouteRules::refuse(http::ClientAddress& address, TimePoint now) const {
    RouteRefusal refusal;
    if (!admits(address)) {
        refusal.reason = Reason::client_not_allowed;
        return refusal;
    }
    if (rules_.rate_limit.requests > 0) {
        const auto limit = rate_key(address);
        const auto wait = snapshot_.rate_table()->take(limit.scope, limit.key, limit.shape, now);
        if (wait.count() > 0) {
            refusal.reason = Reason::rate_limited;
            refusal.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
            return refusal;
        }
    }
    return redirect();
}

bool RouteRules::admits(http::ClientAddress& address) const noexcept {
    return rules_.access.empty() || rules_.access.admits(address.ip());
}

RouteRefusal RouteRules::redirect() const {
    RouteRefusal refusal;
    if (!rules_.redirect) return refusal;
    refusal.scheme = http::scheme_of(request_, client_);
    if (!leads_elsewhere(refusal.scheme)) {
        const bool has_more = !entry_.route.service.empty() || !rules_.split.shares.empty();
        if (!has_more) refusal.reason = Reason::no_route;
        return refusal;
    }
    refusal.redirect = &rules_;
    refusal.route = &entry_.route;
    // HTTP/1.0 may come without Host: then there is nowhere to send it.
    const bool has_host = !rules_.redirect->host.empty() || !request_.host.empty();
    refusal.reason = has_host ? Reason::redirected : Reason::bad_host;
    return refusal;
}

RouteRules::RateKey RouteRules::rate_key(http::ClientAddress& address) const {
    const auto& limit = rules_.rate_limit;
    // Of the two kinds of keys none can pass for one of the other.
    auto scope = entry_.rate_scope;
    std::string_view key;
    if (!limit.header.empty()) key = value_of(request_, limit.header).substr(0, longest_key);
    if (key.empty()) {
        key = client_key(address);
        scope = ~scope;
    }
    return {scope, key, model::RateTable::shape(limit.requests, limit.per, limit.burst)};
}

std::chrono::microseconds RouteRules::rate_wait(http::ClientAddress& address, TimePoint now) const {
    const auto limit = rate_key(address);
    return snapshot_.rate_table()->wait(limit.scope, limit.key, limit.shape, now);
}

bool RouteRules::has_rate_key() const noexcept {
    const auto& header = rules_.rate_limit.header;
    return !header.empty() && !value_of(request_, header).empty();
}

bool RouteRules::leads_elsewhere(std::string_view scheme) const noexcept {
    const auto& to = *rules_.redirect;
    if (!to.scheme.empty() && to.scheme != scheme) return true;
    if (!to.path.empty() && to.path != request_.path) return true;
    // With a service as well there is none: the configuration sees to that.
    if (rules_.rewrite.prefix && to.path.empty()) return true;
    if (to.host.empty() && to.port == 0) return false;
    const std::string_view authority = to.host.empty() ? request_.host : std::string_view(to.host);
    const auto port = to.port != 0 ? to.port : port_of(authority, scheme);
    return authority.substr(0, port_at(authority)) != request_.host ||
           port != port_of(request_.authority, scheme);
}

void RouteRules::rewrite(http::HeadChanges& changes) const noexcept {
    if (!rules_.request_fields.empty()) changes.edits = &rules_.request_fields;
    changes.authority = rules_.rewrite.host;
    if (!rules_.rewrite.prefix || !request_.target.starts_with('/')) return;
    changes.target_end = behind_prefix(request_.target, entry_.route.path);
    changes.target_begin = begin_of(*rules_.rewrite.prefix, changes.target_end);
}

const model::Service* RouteRules::share(http::ClientAddress& address,
                                        Random& random) const noexcept {
    const auto& split = rules_.split;
    if (split.shares.empty()) return nullptr;
    const auto draw = split.by == model::Split::By::request
                          ? random.next()
                          : model::seeded_hash(0, split_key(address));
    const auto all = [](std::size_t) { return true; };
    const auto chosen = model::draw_share(split.shares, draw, all);
    if (chosen == split.shares.size()) return nullptr;
    const auto* const service = snapshot_.share(entry_, chosen);
    if (takes_requests(service)) return service;
    // Only those whose share is missing are shared out anew; a second draw does not favour the
    // neighbours.
    const auto usable = [&](std::size_t i) { return takes_requests(snapshot_.share(entry_, i)); };
    const auto other = model::draw_share(split.shares, model::seeded_hash(draw, "again"), usable);
    return other < split.shares.size() ? snapshot_.share(entry_, other) : service;
}

std::string_view RouteRules::split_key(http::ClientAddress& address) const noexcept {
    std::string_view key;
    if (rules_.split.by == model::Split::By::cookie) key = cookie_of(request_, rules_.split.cookie);
    return key.empty() ? client_key(address) : key;
}

bool RouteRules::has_split_key(http::ClientAddress& address) const noexcept {
    return rules_.split.by != model::Split::By::request && !split_key(address).empty();
}

const model::FieldEdits* RouteRules::response_edits() const noexcept {
    return rules_.response_fields.empty() ? nullptr : &rules_.response_fields;
}

void complete_reply(http::Reply& reply, const RouteRefusal& refusal,
                    const http::RequestHead& request) {
    if (refusal.reason == Reason::rate_limited) {
        reply.extra = std::to_string(refusal.retry_after.count());
        reply.head.fields.push_back({"Retry-After", reply.extra});
        return;
    }
    if (refusal.reason != Reason::redirected) return;
    const auto& to = *refusal.redirect->redirect;
    reply.head.status = to.status;
    reply.head.reason = http::standard_reason(to.status);
    append_origin(reply.extra, to, refusal.scheme, request);
    if (!to.path.empty()) {
        const auto query = request.target.substr(request.path.size());
        reply.extra.append(to.path).append(query);
    } else if (!request.target.starts_with('/')) {
        // OPTIONS *: there is no path to keep.
    } else if (const auto& prefix = refusal.redirect->rewrite.prefix) {
        const auto rest = behind_prefix(request.target, refusal.route->path);
        reply.extra.append(begin_of(*prefix, rest)).append(rest);
    } else {
        reply.extra.append(request.target);
    }
    reply.head.fields.push_back({"Location", reply.extra});
}

}  // namespace fairlead::session
