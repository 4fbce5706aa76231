// Redx's plugins: who is chosen how often, with the formulas that Redx means.
#include "proxy/balance/plugin_chain.hpp"

#include "proxy/balance/plugin_registry.hpp"
#include "tests/unit/balance/endpoints.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::tests;

namespace {

constexpr int picks = 60000;
// Four standard deviations of a count in so many picks.
constexpr int slack = 500;

/// One server for each score, on ports 1, 2, 3 ...
std::vector<model::Endpoint> servers_of(const std::vector<double>& scores) {
    std::vector<model::Endpoint> endpoints;
    for (const double score : scores) {
        auto endpoint = endpoints_of({1}).front();
        endpoint.address.port = static_cast<std::uint16_t>(endpoints.size() + 1);
        model::StoredServer stored;
        stored.text = to_string(endpoint.address);
        stored.cookie = model::sticky_cookie(stored.text);
        stored.score = score;
        endpoint.stored = std::move(stored);
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

model::PluginChain chain_of(std::vector<model::Plugin> plugins,
                            std::optional<double> max_score = {}) {
    for (auto& plugin : plugins) REQUIRE(balance::complete_plugin(plugin).has_value());
    return {std::move(plugins), max_score};
}

/// Of all picks, how many each server gets, in order; first those that nobody got.
std::vector<int> counts_of(const model::PluginChain& chain,
                           const std::vector<model::Endpoint>& endpoints,
                           const model::PickInput& input = {}) {
    const auto policy = balance::make_plugin_chain(chain, endpoints);
    model::Cursor cursor;
    auto by_port = picks_of(*policy, input, cursor, picks);
    std::vector<int> counts;
    for (std::size_t port = 0; port <= endpoints.size(); ++port)
        counts.push_back(by_port[static_cast<int>(port)]);
    return counts;
}

/// `expected` in parts of the sum; 0 means never.
void check_shares(const std::vector<int>& counts, const std::vector<double>& expected) {
    REQUIRE(counts.size() == expected.size());
    double sum = 0;
    for (const double part : expected) sum += part;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        CAPTURE(i);
        if (expected[i] == 0) {
            CHECK(counts[i] == 0);
        } else {
            CHECK(counts[i] == Approx(expected[i] / sum * picks).margin(slack));
        }
    }
}

const model::Plugin by_random = {"random", ""};
const model::Plugin sticky = {"stickiness", "sess"};

}  // namespace

TEST_CASE("random gives each server the same", "[plugins]") {
    const auto endpoints = servers_of({5, 0, -3});
    check_shares(counts_of(chain_of({by_random}), endpoints), {0, 1, 1, 1});
}

TEST_CASE("score leaves those with the lowest or the highest, and ties to the next plugin",
          "[plugins]") {
    const auto endpoints = servers_of({10, 70, 10, 70});
    check_shares(counts_of(chain_of({{"score", "least"}, by_random}), endpoints), {0, 1, 0, 1, 0});
    check_shares(counts_of(chain_of({{"score", "most"}, by_random}), endpoints), {0, 0, 1, 0, 1});
}

TEST_CASE("where several servers are left at the end nobody is chosen", "[plugins]") {
    const auto endpoints = servers_of({10, 70, 10});
    check_shares(counts_of(chain_of({{"score", "least"}}), endpoints), {1, 0, 0, 0});
    check_shares(counts_of(chain_of({{"score", "most"}}), endpoints), {0, 0, 1, 0});
    check_shares(counts_of(chain_of({sticky}), endpoints), {1, 0, 0, 0});
}

TEST_CASE("weighted_score follows Redx's formulas", "[plugins]") {
    struct Row {
        const char* what;
        std::vector<double> scores;
        const char* param;
        std::optional<double> max_score;
        std::vector<double> shares;  // first: nobody
    };
    const Row rows[] = {
        {"two, most: by score", {20, 70}, "most", {}, {0, 20, 70}},
        {"two, most, one without a score", {0, 70}, "most", {}, {0, 0, 70}},
        {"two, least: by what lacks to max_score", {20, 70}, "least", 100, {0, 80, 30}},
        {"two, least, one at max_score", {20, 100}, "least", 100, {0, 80, 0}},
        {"two, least without max_score: no difference", {20, 70}, "least", {}, {0, 1, 1}},
        {"two, least, both above max_score", {20, 70}, "least", 10, {0, 1, 1}},
        {"three, most: nothing for the lowest", {10, 20, 70}, "most", {}, {0, 0, 20, 70}},
        {"three, most, the lowest twice", {10, 10, 70}, "most", {}, {0, 0, 0, 70}},
        {"three, least: nothing for the highest", {10, 20, 70}, "least", {}, {0, 60, 50, 0}},
        {"three, least: max_score plays no part", {10, 20, 70}, "least", 1000, {0, 60, 50, 0}},
        {"negative scores", {-30, -10, 10}, "least", {}, {0, 40, 20, 0}},
        {"all equal: no difference", {7, 7, 7}, "most", {}, {0, 1, 1, 1}},
        {"one", {7}, "least", {}, {0, 1}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        const auto endpoints = servers_of(row.scores);
        const auto chain = chain_of({{"weighted_score", row.param}, by_random}, row.max_score);
        check_shares(counts_of(chain, endpoints), row.shares);
    }
}

TEST_CASE("an ejected server's part goes to the others by the same formula", "[plugins]") {
    const TimePoint now(1000s);
    const auto endpoints = servers_of({10, 20, 70});
    endpoints[0].state->eject_until(now + 1min, Reason::connect_refused);
    model::PickInput input;
    input.now = now;
    const auto least = chain_of({{"weighted_score", "least"}, by_random});
    check_shares(counts_of(least, endpoints, input), {0, 0, 1, 0});
    check_shares(counts_of(chain_of({by_random}), endpoints, input), {0, 0, 1, 1});
    check_shares(counts_of(chain_of({{"score", "least"}}), endpoints, input), {0, 0, 1, 0});
}

TEST_CASE("when all are ejected one is chosen all the same, but ties stay ties", "[plugins]") {
    const TimePoint now(1000s);
    const auto endpoints = servers_of({10, 10, 5});
    model::PickInput again;
    again.now = now;
    again.ignore_ejections = true;
    endpoints[2].state->eject_until(now + 1min, Reason::connect_refused);
    check_shares(counts_of(chain_of({{"score", "least"}}), endpoints, again), {1, 0, 0, 0});
    endpoints[0].state->eject_until(now + 1min, Reason::connect_refused);
    endpoints[1].state->eject_until(now + 1min, Reason::connect_refused);
    check_shares(counts_of(chain_of({{"score", "least"}}), endpoints, again), {0, 0, 0, 1});
    check_shares(counts_of(chain_of({by_random}), endpoints, again), {0, 1, 1, 1});
}

TEST_CASE("a cookie keeps its client with a server that is there", "[plugins]") {
    const auto endpoints = servers_of({0, 0, 0});
    const auto chain = chain_of({sticky, by_random});
    CHECK(balance::make_plugin_chain(chain, endpoints)->cookie() == "sess");
    model::PickInput input;
    const std::string cookie = model::sticky_cookie("127.0.0.1:2");
    input.cookie = cookie;
    check_shares(counts_of(chain, endpoints, input), {0, 0, 1, 0});
    endpoints[1].state->set_admission(model::Admission::draining);
    check_shares(counts_of(chain, endpoints, input), {0, 1, 0, 1});
    input.cookie = "bm9ib2R5OjE%3d";  // nobody:1
    check_shares(counts_of(chain, endpoints, input), {0, 1, 0, 1});
}

TEST_CASE("plugins are known by name and by what they take", "[plugins]") {
    const auto problem_of = [](model::Plugin plugin) {
        const auto checked = balance::complete_plugin(plugin);
        return checked ? "fine: " + plugin.param : checked.error().text();
    };
    CHECK(problem_of({"random", ""}) == "fine: ");
    CHECK(problem_of({"stickiness", ""}) == "fine: fairlead");
    CHECK(problem_of({"stickiness", "my.sess"}) == "fine: my.sess");
    CHECK(problem_of({"stickiness", "a b"}) ==
          "'a b' is not a cookie's name; allowed: at most 64 letters, digits and -_.");
    CHECK(problem_of({"random", "x"}) == "random takes no parameter; allowed: random");
    CHECK(problem_of({"score", ""}) ==
          "'' is no parameter of score; allowed: {score: least} or {score: most}");
    CHECK(problem_of({"least_conn", ""}) ==
          "'least_conn' is not a plugin; allowed: random, score, weighted_score, stickiness");
}
