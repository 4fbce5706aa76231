#include "proxy/explanation.hpp"

#include "tests/unit/proxy/snapshot_of.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using Why = RouteVerdict::Why;

namespace {

const TimePoint now(1000s);

model::RouteSpec route(std::string host, std::string path, std::string service = "web") {
    return {std::move(host), std::move(path), std::move(service), {}};
}

/// Routes to "web", which has two endpoints.
model::SnapshotPtr serving(std::vector<model::RouteSpec> routes) {
    model::SourceState state;
    state.routes = std::move(routes);
    state.services.push_back({"web", {}, {test::endpoint(1), test::endpoint(2)}, {}});
    return test::snapshot_of(std::move(state), now);
}

Question get(std::string authority, std::string target = "/") {
    Question question;
    question.authority = std::move(authority);
    question.target = std::move(target);
    return question;
}

/// "a.test/x chosen, */ wider_host"
std::string verdicts(const Explanation& explanation) {
    constexpr const char* names[] = {"chosen",       "condition",   "wider_host",
                                     "shorter_path", "asked_later", "other_path"};
    std::string text;
    for (const auto& verdict : explanation.routes) {
        const auto& spec = verdict.entry->route;
        text += (text.empty() ? "" : ", ") + spec.host + (spec.path.empty() ? "/" : spec.path) +
                " " + names[static_cast<std::size_t>(verdict.why)];
        if (!verdict.condition.empty()) text += " (" + verdict.condition + ")";
    }
    return text;
}

}  // namespace

TEST_CASE("every route of the request's hosts gets its verdict", "[explanation]") {
    auto versioned = route("a.test", "/x");
    model::RouteConditions conditions;
    conditions.add_header(model::parse_value_condition("x-v", "2*"));
    conditions.finish();
    versioned.conditions = std::move(conditions);
    const auto snapshot =
        serving({route("a.test", "/x"), versioned, route("a.test", ""), route("*.test", "/x"),
                 route("*", ""), route("a.test", "/y"), route("b.test", "")});
    CHECK(verdicts(explain(snapshot, get("A.test:80", "/x/1?q"), now)) ==
          "a.test/x condition (header x-v=2*), a.test/x chosen, a.test/ shorter_path, "
          "*.test/x wider_host, */ wider_host, a.test/y other_path");
    auto second = get("a.test", "/x");
    second.fields.emplace_back("X-V", "2b");
    CHECK_THAT(verdicts(explain(snapshot, second, now)),
               Catch::StartsWith("a.test/x chosen, a.test/x asked_later, a.test/ shorter_path"));
}

TEST_CASE("without a route the answer is no_route, and what there is is told", "[explanation]") {
    const auto explanation = explain(serving({route("a.test", "/x")}), get("a.test", "/y"), now);
    CHECK(explanation.answer == Reason::no_route);
    CHECK(explanation.chosen == nullptr);
    CHECK(verdicts(explanation) == "a.test/x other_path");
}

TEST_CASE("where nobody can answer, the fallback is told", "[explanation]") {
    model::SourceState state;
    state.routes = {route("a.test", "", "undefined")};
    model::ServiceSpec fallback{"fallback", {}, {test::endpoint(9)}, {}};
    fallback.is_fallback = true;
    state.services.push_back(std::move(fallback));
    const auto snapshot = test::snapshot_of(std::move(state), now);
    for (const auto* host : {"a.test", "b.test"}) {
        const auto explanation = explain(snapshot, get(host), now);
        CHECK(explanation.falls_back);
        CHECK(explanation.destinations.back().name == "fallback");
        CHECK(explanation.destinations.back().candidates.at(0).can_be_picked);
    }
    CHECK_FALSE(explain(snapshot, get("a b"), now).falls_back);
}

TEST_CASE("a request that a listener would refuse is explained as refused", "[explanation]") {
    const auto snapshot = serving({route("*", "")});
    CHECK(explain(snapshot, get("a b"), now).answer == Reason::bad_host);
    auto twice = get("a.test");
    twice.fields = {{"Host", "a.test"}, {"Host", "b.test"}};
    CHECK(explain(snapshot, twice, now).answer != Reason::none);
    auto other = get("a.test");
    other.fields = {{"Host", "b.test"}};
    CHECK(explain(snapshot, other, now).host == "b.test");
}

TEST_CASE("a head beyond the limits is explained as refused", "[explanation]") {
    const auto snapshot = serving({route("*", "")});
    model::Limits limits;
    limits.headers = 1;
    auto question = get("a.test");
    CHECK(explain(snapshot, question, now, limits).answer == Reason::none);
    question.fields.emplace_back("X-A", "1");
    CHECK(explain(snapshot, question, now, limits).answer == Reason::too_many_headers);
}

TEST_CASE("an ejected endpoint may be picked only where no other is left", "[explanation]") {
    const auto snapshot = serving({route("*", "")});
    const auto& endpoints = snapshot->services().find("web")->endpoints;
    endpoints[0].state->eject_until(now + 5s, Reason::connect_refused);
    const auto can = [&] {
        std::string text;
        const auto explanation = explain(snapshot, get("a.test"), now);
        for (const auto& candidate : explanation.destinations.at(0).candidates)
            text += candidate.can_be_picked ? 'y' : 'n';
        return text;
    };
    CHECK(can() == "ny");
    endpoints[1].state->set_admission(model::Admission::draining);
    CHECK(can() == "yn");
    endpoints[0].state->set_admission(model::Admission::paused);
    CHECK(can() == "nn");
    CHECK(explain(snapshot, get("a.test"), now).answer == Reason::no_endpoint);
}

TEST_CASE("allow and deny are told where the client is known", "[explanation]") {
    auto limited = route("a.test", "");
    model::RouteRules rules;
    rules.access.allow(*model::parse_ip_prefix("10.0.0.0/8"));
    limited.rules = std::move(rules);
    const auto snapshot = serving({limited});
    auto question = get("a.test");
    CHECK_FALSE(explain(snapshot, question, now).is_admitted);
    question.client = "10.0.0.7";
    CHECK(explain(snapshot, question, now).is_admitted == true);
    question.client = "192.0.2.1";
    const auto refused = explain(snapshot, question, now);
    CHECK(refused.is_admitted == false);
    CHECK(refused.answer == Reason::client_not_allowed);
}

TEST_CASE("explaining takes nothing from a rate limit", "[explanation]") {
    auto limited = route("a.test", "");
    model::RouteRules rules;
    rules.rate_limit.requests = 1;
    rules.rate_limit.burst = 1;
    limited.rules = std::move(rules);
    const auto snapshot = serving({limited});
    auto question = get("a.test");
    question.client = "10.0.0.7";
    for (int i = 0; i < 3; ++i) CHECK(explain(snapshot, question, now).rate_wait == 0us);
    CHECK_FALSE(explain(snapshot, get("a.test"), now).rate_wait);
}

TEST_CASE("redirects and rewrites are told as they would be sent", "[explanation]") {
    auto to_https = route("a.test", "");
    model::RouteRules redirect;
    redirect.redirect.emplace().scheme = "https";
    to_https.rules = std::move(redirect);
    auto moved = route("b.test", "/old");
    model::RouteRules rewrite;
    rewrite.rewrite.prefix = "/new";
    rewrite.rewrite.host = "inner.test";
    moved.rules = std::move(rewrite);
    const auto snapshot = serving({to_https, moved});

    auto question = get("a.test", "/p?q=1");
    const auto redirected = explain(snapshot, question, now);
    CHECK(redirected.answer == Reason::redirected);
    CHECK(redirected.redirect_status == 308);
    CHECK(redirected.location == "https://a.test/p?q=1");
    question.scheme = "https";
    CHECK(explain(snapshot, question, now).answer == Reason::none);

    const auto rewritten = explain(snapshot, get("b.test", "/old/x?q"), now);
    CHECK(rewritten.sent_target == "/new/x?q");
    CHECK(rewritten.sent_host == "inner.test");
}

TEST_CASE("of a split each share is told, and which one a client always gets", "[explanation]") {
    auto split = route("a.test", "", "");
    model::RouteRules rules;
    rules.split.shares = {{"web", 9}, {"next", 1}};
    rules.split.by = model::Split::By::cookie;
    rules.split.cookie = "v";
    split.rules = std::move(rules);
    const auto snapshot = serving({split});
    auto question = get("a.test");
    const auto drawn = explain(snapshot, question, now);
    CHECK(drawn.is_drawn);
    CHECK(drawn.answer == Reason::none);
    REQUIRE(drawn.destinations.size() == 2);
    CHECK(drawn.destinations[0].can_be_drawn);
    CHECK_FALSE(drawn.destinations[1].can_be_drawn);  // no source defines it
    question.fields.emplace_back("Cookie", "v=7");
    CHECK_FALSE(explain(snapshot, question, now).is_drawn);
}
