#include "proxy/explanation.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/http/request_facts.hpp"
#include "proxy/session/fallback.hpp"
#include "proxy/session/listener_context.hpp"
#include "proxy/session/route_rules.hpp"

#include <algorithm>
#include <set>

namespace fairlead {
namespace {

using Why = RouteVerdict::Why;
using Entry = model::RouteTable::Entry;

// Of routes that were not considered no more than this are listed.
constexpr std::size_t most_others = 20;

std::string head_text(const Question& question) {
    const bool has_host =
        std::any_of(question.fields.begin(), question.fields.end(),
                    [](const auto& field) { return ascii::iequals(field.first, "host"); });
    std::string text = question.method + " " + question.target + " HTTP/1.1\r\n";
    if (!has_host) text.append("Host: ").append(question.authority).append("\r\n");
    for (const auto& [name, value] : question.fields)
        text.append(name).append(": ").append(value).append("\r\n");
    return text.append("\r\n");
}

/// As a listener reads it.
Reason read_head(const std::string& text, const model::Limits& limits, http::RequestHead& head) {
    http::HeadParser parser;
    const auto status = parser.parse_request(text, session::head_limits(limits), head);
    if (status == http::ParseStatus::failed) return parser.reason();
    if (status == http::ParseStatus::incomplete) return Reason::bad_header;
    return http::check_request(head);
}

bool host_matches(std::string_view rule, std::string_view host) noexcept {
    if (rule == "*") return true;
    if (!rule.starts_with("*.")) return rule == host;
    return host.size() > rule.size() - 1 && host.ends_with(rule.substr(1));
}

/// Those of hosts that match, which the walk did not come by: their paths do not match.
void add_others(const model::RouteTable& table, Explanation& out) {
    std::set<const Entry*> seen;
    for (const auto& verdict : out.routes) seen.insert(verdict.entry);
    std::size_t listed = 0;
    for (const auto* const entry : table.entries()) {
        if (!host_matches(entry->route.host, out.host) || seen.contains(entry)) continue;
        if (listed++ < most_others) {
            out.routes.push_back({entry, Why::other_path, {}});
        } else {
            ++out.more_routes;
        }
    }
}

class Rules {
public:
    Rules(const model::Match& match, const http::RequestHead& head, const http::ClientFacts& client,
          TimePoint now, Explanation& out)
        : rules_(*out.snapshot, match, head, client),
          entry_(*match.entry),
          head_(head),
          address_(head, client),
          now_(now),
          out_(out) {}

    /// What the rules answer by themselves, in the order in which a request meets them.
    void refuse() {
        const bool has_client = address_.ip().has_value();
        const auto& rules = *entry_.route.rules;
        if (!rules.access.empty() && has_client) {
            out_.is_admitted = rules_.admits(address_);
            if (!*out_.is_admitted) answer(Reason::client_not_allowed);
        }
        if (rules.rate_limit.requests > 0 && (has_client || rules_.has_rate_key())) {
            out_.rate_wait = rules_.rate_wait(address_, now_);
            if (out_.rate_wait->count() > 0) answer(Reason::rate_limited);
        }
        const auto refusal = rules_.redirect();
        if (refusal.reason == Reason::none) return;
        answer(refusal.reason);
        if (refusal.reason != Reason::redirected) return;
        auto reply = http::make_reply(refusal.reason);
        session::complete_reply(reply, refusal, head_);
        out_.redirect_status = reply.head.status;
        out_.location = reply.extra;
    }

    void rewrite() {
        http::HeadChanges changes;
        rules_.rewrite(changes);
        if (!changes.target_begin.empty() || !changes.target_end.empty())
            out_.sent_target = std::string(changes.target_begin).append(changes.target_end);
        if (!changes.authority.empty()) out_.sent_host = changes.authority;
    }

    /// The services of a split, and which of them this request may be given to.
    void share_out() {
        const auto& split = entry_.route.rules->split;
        const bool is_fixed = rules_.has_split_key(address_);
        Random unused(1);
        const auto* const fixed = is_fixed ? rules_.share(address_, unused) : nullptr;
        std::vector<const model::Service*> services;
        bool any_usable = false;
        for (std::size_t i = 0; i < split.shares.size(); ++i) {
            services.push_back(out_.snapshot->share(entry_, i));
            any_usable |= split.shares[i].weight > 0 && session::takes_requests(services[i]);
        }
        out_.is_drawn = !is_fixed;
        out_.destinations.clear();
        for (std::size_t i = 0; i < split.shares.size(); ++i) {
            const auto& share = split.shares[i];
            Destination to;
            to.name = share.service;
            to.service = services[i];
            to.weight = share.weight;
            to.can_be_drawn = is_fixed ? fixed == services[i]
                                       : share.weight > 0 &&
                                             (!any_usable || session::takes_requests(services[i]));
            out_.destinations.push_back(std::move(to));
        }
    }

private:
    void answer(Reason reason) {
        if (out_.answer == Reason::none) out_.answer = reason;
    }

    const session::RouteRules rules_;
    const Entry& entry_;
    const http::RequestHead& head_;
    http::ClientAddress address_;
    const TimePoint now_;
    Explanation& out_;
};

/// What is answered where no endpoint can be picked, whichever destination is drawn.
Reason reason_of(const std::vector<Destination>& destinations) {
    Reason reason = Reason::no_service;
    for (const auto& to : destinations) {
        if (!to.can_be_drawn || to.service == nullptr) continue;
        reason = Reason::no_endpoint;
        if (std::any_of(to.candidates.begin(), to.candidates.end(),
                        [](const auto& candidate) { return candidate.can_be_picked; }))
            return Reason::none;
    }
    return reason;
}

void add_destinations(const model::Match& match, TimePoint now, Rules* rules, Explanation& out) {
    Destination own;
    own.name = match.route->service;
    own.service = match.service;
    if (!own.name.empty()) out.destinations.push_back(std::move(own));
    if (rules != nullptr && !match.route->rules->split.shares.empty()) rules->share_out();
    for (auto& to : out.destinations) {
        if (to.service != nullptr) to.candidates = candidates_of(*to.service, now);
    }
    if (out.answer == Reason::none) out.answer = reason_of(out.destinations);
}

}  // namespace

std::vector<RouteVerdict> explain_routes(const model::RouteTable& table, std::string_view host,
                                         std::string_view path,
                                         const model::RequestFacts& request) {
    std::vector<RouteVerdict> verdicts;
    const model::RouteSpec* chosen = nullptr;
    table.walk(host, path, [&](const Entry& entry) {
        RouteVerdict verdict;
        verdict.entry = &entry;
        const auto& route = entry.route;
        if (route.conditions && !route.conditions->hold(request)) {
            verdict.why = Why::condition;
            verdict.condition = route.conditions->missing(request);
        } else if (chosen == nullptr) {
            chosen = &route;
        } else if (route.host != chosen->host) {
            verdict.why = Why::wider_host;
        } else {
            verdict.why = route.path != chosen->path ? Why::shorter_path : Why::asked_later;
        }
        verdicts.push_back(std::move(verdict));
    });
    return verdicts;
}

std::vector<Candidate> candidates_of(const model::Service& service, TimePoint now) {
    model::PickInput input;
    input.now = now;
    const auto is_allowed = [&](const auto& endpoint) { return input.allows(endpoint); };
    input.ignore_ejections =
        std::none_of(service.endpoints.begin(), service.endpoints.end(), is_allowed);
    std::vector<Candidate> candidates;
    for (const auto& endpoint : service.endpoints)
        candidates.push_back({&endpoint, is_allowed(endpoint)});
    return candidates;
}

namespace {

/// Without the fallback.
Explanation explain_dispatch(model::SnapshotPtr snapshot, const Question& question, TimePoint now,
                             const model::Limits& limits) {
    Explanation out;
    out.snapshot = std::move(snapshot);
    const auto text = head_text(question);
    http::RequestHead head;
    out.answer = read_head(text, limits, head);
    if (out.answer != Reason::none) return out;
    http::ClientFacts client;
    client.ip = question.client;
    client.scheme = question.scheme;
    out.host = head.host;
    out.path = head.path;
    out.sent_target = head.target;
    out.sent_host = head.authority;

    const auto facts = http::request_facts(head);
    out.routes = explain_routes(out.snapshot->routes(), head.host, head.path, facts);
    for (const auto& verdict : out.routes) {
        if (verdict.why == Why::chosen) out.chosen = verdict.entry;
    }
    add_others(out.snapshot->routes(), out);
    if (out.chosen == nullptr) {
        out.answer = Reason::no_route;
        return out;
    }
    const auto match = out.snapshot->match(head.host, head.path, &facts);
    if (!match.route->rules) {
        add_destinations(match, now, nullptr, out);
        return out;
    }
    Rules rules(match, head, client, now, out);
    rules.refuse();
    rules.rewrite();
    add_destinations(match, now, &rules, out);
    return out;
}

}  // namespace

Explanation explain(model::SnapshotPtr snapshot, const Question& question, TimePoint now,
                    const model::Limits& limits) {
    auto out = explain_dispatch(std::move(snapshot), question, now, limits);
    const auto* const fallback = out.snapshot->fallback();
    if (fallback == nullptr || !session::can_fall_back(out.answer)) return out;
    out.falls_back = true;
    Destination to;
    to.name = fallback->spec.name;
    to.service = fallback;
    to.candidates = candidates_of(*fallback, now);
    out.destinations.push_back(std::move(to));
    return out;
}

}  // namespace fairlead
