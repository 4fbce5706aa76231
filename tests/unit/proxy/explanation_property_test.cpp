// Explaining says what dispatching does: a million random requests against random tables, with what
// Exchange does to them (Snapshot::match, the session's rules, the policy's pick) beside it.
#include "proxy/base/random.hpp"
#include "proxy/explanation.hpp"
#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/request_facts.hpp"
#include "proxy/session/route_rules.hpp"
#include "tests/unit/proxy/snapshot_of.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace fairlead;

namespace {

constexpr std::size_t tables = 500;
constexpr std::size_t requests = 2000;
// Working out all of it, with a head parsed anew, takes longer: one in so many.
constexpr std::size_t whole_one_in = 5;

template <class T, std::size_t n>
const T& one_of(const std::array<T, n>& list, Random& random) {
    return list[random.below(n)];
}

using Texts7 = std::array<const char*, 7>;
constexpr Texts7 hosts = {"a.test",     "b.a.test", "c.b.a.test", "*.a.test",
                          "*.b.a.test", "*.test",   "*"};
constexpr Texts7 route_paths = {"", "/x", "/x/y", "/x/y/z", "/y", "/X", "/x/yy"};
constexpr Texts7 asked_hosts = {"a.test", "b.a.test", "c.b.a.test",   "d.a.test",
                                "e.test", "test",     "other.example"};
constexpr Texts7 asked_paths = {"/", "/x", "/x/", "//x//y/z/1", "/x/y?q=1", "/yy?q", "/x/yy/q?p=2"};
constexpr std::array<const char*, 3> methods = {"GET", "POST", "DELETE"};
constexpr std::array<const char*, 5> services = {"s0", "s1", "s2", "s3", "undefined"};
constexpr std::array<const char*, 3> clients = {"10.0.0.7", "192.168.1.1", "2001:db8::1"};

model::RouteConditions random_conditions(Random& random) {
    model::RouteConditions conditions;
    if (random.below(2) == 0) conditions.add_method(one_of(methods, random));
    if (random.below(2) == 0)
        conditions.add_header(
            model::parse_value_condition("x-v", random.below(2) == 0 ? "2*" : "1"));
    if (random.below(3) == 0)
        conditions.add_query(model::parse_value_condition("q", random.below(2) == 0 ? "*" : "1"));
    conditions.finish();
    return conditions;
}

model::RouteRules random_rules(Random& random) {
    model::RouteRules rules;
    if (random.below(2) == 0) rules.access.deny(*model::parse_ip_prefix("10.0.0.0/8"));
    if (random.below(4) == 0) rules.access.allow(*model::parse_ip_prefix("192.168.0.0/16"));
    if (random.below(4) == 0) rules.redirect.emplace().scheme = "https";
    if (random.below(3) == 0) {
        rules.split.by = model::Split::By::client_ip;
        rules.split.shares = {{"s0", 1}, {"s1", 3}, {"undefined", 1}};
    }
    if (random.below(4) == 0) rules.rewrite.prefix = "/new";
    return rules;
}

model::SourceState random_state(Random& random) {
    model::SourceState state;
    std::set<std::tuple<std::string, std::string, std::string>> known;
    const auto count = 1 + random.below(30);
    for (std::uint32_t i = 0; i < count; ++i) {
        model::RouteSpec route{
            one_of(hosts, random), one_of(route_paths, random), one_of(services, random), {}};
        if (random.below(2) == 0) {
            auto conditions = random_conditions(random);
            if (!conditions.empty()) route.conditions = std::move(conditions);
        }
        if (random.below(3) == 0) {
            auto rules = random_rules(random);
            if (!rules.split.shares.empty()) route.service.clear();
            if (!rules.empty()) route.rules = std::move(rules);
        }
        if (known.emplace(route.host, route.path, conditions_text(route)).second)
            state.routes.push_back(std::move(route));
    }
    for (std::uint16_t s = 0; s < 4; ++s) {
        model::ServiceSpec service;
        service.name = services[s];
        service.settings.emplace().policy = random.below(2) == 0 ? "p2c" : "round_robin";
        const auto endpoints = random.below(4);
        for (std::uint16_t e = 0; e < endpoints; ++e) {
            auto spec = test::endpoint(static_cast<std::uint16_t>(100 * (s + 1) + e));
            spec.weight = 1 + random.below(3);
            if (random.below(4) == 0) spec.admission = model::Admission::draining;
            service.endpoints.push_back(std::move(spec));
        }
        state.services.push_back(std::move(service));
    }
    return state;
}

void eject_some(const model::Snapshot& snapshot, TimePoint now, Random& random) {
    for (const auto* const service : snapshot.services().sorted()) {
        for (const auto& endpoint : service->endpoints) {
            if (random.below(3) == 0)
                endpoint.state->eject_until(now + 5s, Reason::connect_refused);
        }
    }
}

/// A question, and its head as a listener would have it.
struct Asked {
    Question question;
    std::string text;
    http::RequestHead head;
    http::ClientFacts client;
};

std::vector<std::unique_ptr<Asked>> random_requests(Random& random) {
    std::vector<std::unique_ptr<Asked>> list;
    for (std::size_t i = 0; i < requests; ++i) {
        auto asked = std::make_unique<Asked>();
        auto& question = asked->question;
        question.method = one_of(methods, random);
        question.scheme = random.below(2) == 0 ? "http" : "https";
        question.authority = one_of(asked_hosts, random);
        question.target = one_of(asked_paths, random);
        question.client = one_of(clients, random);
        if (random.below(2) == 0)
            question.fields.emplace_back("X-V", random.below(2) == 0 ? "1" : "2b");
        asked->text = question.method + " " + question.target +
                      " HTTP/1.1\r\nHost: " + question.authority + "\r\n";
        for (const auto& [name, value] : question.fields)
            asked->text += name + ": " + value + "\r\n";
        asked->text += "\r\n";
        http::HeadParser parser;
        const auto parsed = parser.parse_request(asked->text, {}, asked->head);
        REQUIRE(parsed == http::ParseStatus::complete);
        REQUIRE(http::check_request(asked->head) == Reason::none);
        asked->client.ip = question.client;
        asked->client.scheme = question.scheme == "https" ? "https" : "http";
        list.push_back(std::move(asked));
    }
    return list;
}

/// What Exchange makes of it: route, rules, split, pick.
struct Dispatched {
    model::Match match;
    Reason answer = Reason::none;
    const model::Service* service = nullptr;
    const model::Endpoint* endpoint = nullptr;
};

Dispatched dispatch(const model::Snapshot& snapshot, const Asked& asked, TimePoint now,
                    model::Cursor& cursor) {
    Dispatched done;
    const auto facts = http::request_facts(asked.head);
    done.match = snapshot.match(asked.head.host, asked.head.path, &facts);
    if (done.match.route == nullptr) {
        done.answer = Reason::no_route;
        return done;
    }
    done.service = done.match.service;
    if (done.match.route->rules) {
        const session::RouteRules rules(snapshot, done.match, asked.head, asked.client);
        http::ClientAddress address(asked.head, asked.client);
        done.answer = rules.refuse(address, now).reason;
        if (const auto* const shared = rules.share(address, cursor.random)) done.service = shared;
        if (done.answer != Reason::none) return done;
    }
    if (done.service == nullptr) {
        done.answer = Reason::no_service;
        return done;
    }
    model::PickInput input;
    input.now = now;
    done.endpoint = model::pick_endpoint(*done.service->policy, input, cursor);
    if (done.endpoint == nullptr) done.answer = Reason::no_endpoint;
    return done;
}

bool can_be_picked(const std::vector<Candidate>& candidates, const model::Endpoint* endpoint) {
    return std::any_of(candidates.begin(), candidates.end(), [&](const auto& candidate) {
        return candidate.can_be_picked && (endpoint == nullptr || candidate.endpoint == endpoint);
    });
}

bool routes_agree(const model::Snapshot& snapshot, const Asked& asked, const Dispatched& done) {
    const auto facts = http::request_facts(asked.head);
    const model::RouteTable::Entry* chosen = nullptr;
    for (const auto& verdict :
         explain_routes(snapshot.routes(), asked.head.host, asked.head.path, facts)) {
        if (verdict.why != RouteVerdict::Why::chosen) continue;
        if (chosen != nullptr) return false;
        chosen = verdict.entry;
    }
    return chosen == done.match.entry;
}

bool whole_agrees(const Explanation& explanation, const Dispatched& done) {
    if (explanation.answer != done.answer || explanation.chosen != done.match.entry) return false;
    for (const auto& to : explanation.destinations) {
        if (to.can_be_drawn && to.service == done.service) {
            // An answer of the rules is given before anything is picked.
            const bool is_rules = done.answer != Reason::none && done.answer != Reason::no_endpoint;
            return is_rules ||
                   can_be_picked(to.candidates, done.endpoint) == (done.endpoint != nullptr);
        }
    }
    return done.service == nullptr;
}

}  // namespace

TEST_CASE("explaining says what dispatching does, for a million random requests",
          "[explanation][property]") {
    const TimePoint now(1000s);
    Random random(20261121);
    model::Cursor cursor;
    const auto asked = random_requests(random);
    std::size_t seen = 0;
    std::set<Reason> answers;
    for (std::size_t table = 0; table < tables; ++table) {
        const auto snapshot = test::snapshot_of(random_state(random), now);
        eject_some(*snapshot, now, random);
        for (const auto& one : asked) {
            const auto done = dispatch(*snapshot, *one, now, cursor);
            answers.insert(done.answer);
            // Checked one by one, the assertions would take longer than what they check.
            bool agrees = routes_agree(*snapshot, *one, done);
            if (agrees && done.endpoint != nullptr)
                agrees = can_be_picked(candidates_of(*done.service, now), done.endpoint);
            if (agrees && seen++ % whole_one_in == 0)
                agrees = whole_agrees(explain(snapshot, one->question, now), done);
            if (agrees) continue;
            CAPTURE(table, one->text, one->question.client, one->question.scheme);
            CAPTURE(to_string(done.answer),
                    to_string(explain(snapshot, one->question, now).answer));
            FAIL("they disagree");
        }
    }
    CHECK(seen == tables * requests);
    CHECK(answers == std::set<Reason>{Reason::none, Reason::no_route, Reason::client_not_allowed,
                                      Reason::redirected, Reason::no_service, Reason::no_endpoint});
}

TEST_CASE("whatever may be picked is picked in the end, and nothing else", "[explanation]") {
    const TimePoint now(1000s);
    Random random(7);
    for (int round = 0; round < 200; ++round) {
        const auto snapshot = test::snapshot_of(random_state(random), now);
        eject_some(*snapshot, now, random);
        for (const auto* const service : snapshot->services().sorted()) {
            std::set<const model::Endpoint*> expected;
            for (const auto& candidate : candidates_of(*service, now)) {
                if (candidate.can_be_picked) expected.insert(candidate.endpoint);
            }
            std::set<const model::Endpoint*> picked;
            model::Cursor cursor;
            model::PickInput input;
            input.now = now;
            for (int i = 0; i < 200; ++i) {
                const auto* const one = model::pick_endpoint(*service->policy, input, cursor);
                if (one != nullptr) picked.insert(one);
            }
            CHECK(picked == expected);
        }
    }
}
