// What the configuration file says of a Redis: what it means, and every message with its place.
#include "control/config/config_loader.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using control::parse_config;

namespace {

using Lines = std::vector<std::string>;

Lines problems_of(std::string_view text) {
    Lines lines;
    for (const auto& problem : parse_config(text, "f.yaml").problems)
        lines.push_back(problem.to_string());
    return lines;
}

}  // namespace

TEST_CASE("a Redis is one line, or all there is to say of it", "[config]") {
    const auto shortly = parse_config("store: {redis: \"unix:/run/redis.sock\"}\n", "f.yaml");
    REQUIRE(shortly.ok());
    CHECK(shortly.process.store.redis->url == "unix:/run/redis.sock");
    CHECK(!shortly.process.store.redis->tls);

    const auto loaded = parse_config(R"(store:
  redis:
    url: rediss://u:p@h:7000/2
    timeout: 2s
    tls: {verify: false, server_name: redis.test, min_version: "1.3"}
)",
                                     "f.yaml");
    REQUIRE(loaded.ok());
    const auto& redis = *loaded.process.store.redis;
    CHECK(redis.url == "rediss://u:p@h:7000/2");
    CHECK(redis.timeout == 2s);
    REQUIRE(redis.tls);
    CHECK(!redis.tls->verify);
    CHECK(redis.tls->server_name == "redis.test");
    CHECK(redis.tls->min_version == model::TlsVersion::tls13);
}

TEST_CASE("sentinels and a cluster's nodes have the usual ports", "[config]") {
    const auto watched = parse_config(R"(store:
  redis:
    url: redis://u:p@main/2
    sentinel: {addresses: ["10.0.0.1", "h:7000"], user: s, password: q, tls: false}
)",
                                      "f.yaml");
    for (const auto& problem : watched.problems) UNSCOPED_INFO(problem.to_string());
    REQUIRE(watched.ok());
    const auto& sentinel = *watched.process.store.redis->sentinel;
    CHECK(sentinel.addresses == std::vector<model::Address>{model::Address::tcp("10.0.0.1", 26379),
                                                            model::Address::tcp("h", 7000)});
    CHECK(sentinel.user == "s");
    CHECK(sentinel.password == "q");
    CHECK(sentinel.tls == false);

    const auto spread = parse_config(
        "store: {redis: {url: \"redis://h\", cluster: {nodes: [\"[::1]:7000\", i]}}}\n", "f.yaml");
    REQUIRE(spread.ok());
    CHECK(spread.process.store.redis->cluster->nodes ==
          std::vector<model::Address>{model::Address::tcp("::1", 7000),
                                      model::Address::tcp("i", 6379)});
    CHECK(parse_config("store: {redis: {url: \"redis://h\", cluster: {}}}\n", "f.yaml").ok());
}

TEST_CASE("each mistake about a Redis is told with its place", "[config]") {
    const struct {
        const char* text;
        Lines expected;
    } table[] = {
        {"store: {redis: \"http://h\"}\n",
         {"f.yaml:1:16: store.redis: this is not a Redis URL; allowed: "
          "redis://[user][:password@]host[:port][/database], the same with rediss:// for TLS, "
          "unix:/path or unix://[user][:password@]/path[?db=database]"}},
        {"store:\n  redis:\n    url: redis://h\n    timeout: 1ms\n    tls: {verify: no}\n",
         {"f.yaml:4:14: store.redis.timeout: '1ms' is out of range; allowed: 100ms to 1m",
          "f.yaml:5:19: store.redis.tls.verify: 'no' is not known; allowed: true, false"}},
        {"store:\n  redis:\n    url: redis://h\n    tls: {verify: false}\n",
         {"f.yaml:2:3: store.redis: tls says how, and the url that it is not used; allowed: "
          "rediss:// with it"}},
        {"store: {redis: {timeout: 1s}}\n",
         {"f.yaml:1:9: store.redis.url: it is missing; allowed: "
          "redis://[user][:password@]host[:port][/database], the same with rediss:// for TLS, "
          "unix:/path or unix://[user][:password@]/path[?db=database]"}},
        {"store: {redis: {url: \"rediss://h\", tls: {cert: /a.pem}}}\n",
         {"f.yaml:1:36: store.redis.tls: cert and key go together; allowed: both or neither"}},
        {"store: {redis: {url: \"rediss://:pw@h\", tls: {ca: /none.pem}}}\n",
         {"f.yaml:1:9: store.redis: /none.pem: no readable PEM certificates: "
          "error:05880002:x509 certificate routines::system lib"}},
        {"store: {redis: {url: \"redis://h/1\", cluster: {}}}\n",
         {"f.yaml:1:9: store.redis: a cluster has no database but 0; allowed: none in the url"}},
        {"store: {redis: {url: \"unix:/s\", cluster: {}}}\n",
         {"f.yaml:1:9: store.redis: the nodes of a cluster are not on Unix sockets; allowed: "
          "redis://, rediss://"}},
        {"store: {redis: {url: \"redis://h\", cluster: {nodes: [\"unix:/s\", \"a:1\", "
         "\"a:1\"]}}}\n",
         {"f.yaml:1:53: store.redis.cluster.nodes[0]: a Unix socket is of no use here; allowed: "
          "host or host:port",
          "f.yaml:1:71: store.redis.cluster.nodes[2]: a:1 is named twice"}},
        {"store: {redis: {url: \"redis://main:6379\", sentinel: {addresses: [h]}}}\n",
         {"f.yaml:1:9: store.redis: with sentinel, the url has the master's name in place of host "
          "and port; allowed: redis://[user][:password@]name[/database], the same with rediss://"}},
        {"store: {redis: {url: \"redis://main\", sentinel: {addresses: []}}}\n",
         {"f.yaml:1:49: store.redis.sentinel.addresses: no sentinel is named; allowed: one or "
          "more"}},
        {"store: {redis: {url: \"redis://main\", sentinel: {}}}\n",
         {"f.yaml:1:38: store.redis.sentinel.addresses: it is missing; allowed: a list"}},
        {"store: {redis: {url: \"redis://main\", sentinel: {addresses: [h]}, cluster: {}}}\n",
         {"f.yaml:1:9: store.redis: sentinel and cluster exclude each other; allowed: one of "
          "them"}},
        {"store: {redis: {url: \"redis://main\", sentinel: {addresses: [h], tls: true}}}\n",
         {"f.yaml:1:9: store.redis: sentinel.tls needs TLS to the master, too; allowed: rediss:// "
          "with it"}},
    };
    for (const auto& row : table) {
        INFO(row.text);
        CHECK(problems_of(row.text) == row.expected);
    }
}
