// Golden tests of the configuration file: what it means, and every message with its place.
#include "control/config/config_loader.hpp"
#include "control/config/config_schema.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace fairlead;
using control::parse_config;

namespace {

std::vector<std::string> problems_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& problem : parse_config(text, "f.yaml").problems)
        lines.push_back(problem.to_string());
    return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("an empty file means the defaults without Docker", "[config]") {
    const auto loaded = parse_config("", "f.yaml");
    REQUIRE(loaded.ok());
    CHECK(loaded.process == model::ProcessSettings{});
    CHECK(loaded.desired.kind == model::SourceKind::file);
    CHECK(loaded.desired.services.empty());
}

TEST_CASE("front sets what its balancer needs, and keys that are there win", "[config][front]") {
    const auto one = [](const std::string& keys) {
        const auto loaded = parse_config("listeners: [{bind: 127.0.0.1:0" + keys + "}]", "f.yaml");
        REQUIRE(loaded.ok());
        return loaded.process.listeners.front();
    };
    const auto trusts = [](const model::ListenerSettings& listener, const char* address) {
        const auto ip = *model::parse_ip(address);
        return std::any_of(listener.trusted_proxies.begin(), listener.trusted_proxies.end(),
                           [&](const auto& prefix) { return prefix.contains(ip); });
    };
    const auto none = one(", front: none");
    CHECK(none.keep_alive == 75s);
    CHECK(none.trusted_proxies.empty());
    for (const std::string front : {"alb", "elb"}) {
        const auto listener = one(", front: " + front);
        CHECK(listener.keep_alive > 4000s);  // no idle timeout of theirs is longer
        CHECK(trusts(listener, "10.1.2.3"));
        CHECK(trusts(listener, "172.31.0.1"));
        CHECK(trusts(listener, "fd00::1"));
        CHECK_FALSE(trusts(listener, "203.0.113.9"));
        CHECK_FALSE(trusts(listener, "172.32.0.1"));
    }
    const auto nlb = one(", front: nlb");
    CHECK(nlb.keep_alive > 350s);
    CHECK(nlb.trusted_proxies.empty());
    CHECK(one(", front: alb").proxy_protocol == model::ProxyProtocol::off);
    CHECK(one(", front: elb").proxy_protocol == model::ProxyProtocol::optional);
    CHECK(nlb.proxy_protocol == model::ProxyProtocol::optional);
    CHECK(nlb.proxy_protocol_from->size() == 5);
    CHECK_FALSE(one(", front: alb").half_close);
    CHECK(one(", half_close: true, front: alb").half_close);
    CHECK(one(", front: elb").half_close);
    CHECK(nlb.half_close);
    CHECK(none.proxy_protocol == model::ProxyProtocol::off);
    CHECK_FALSE(none.proxy_protocol_from.has_value());

    // In either order, and also where the key says: nobody.
    CHECK(one(", keep_alive: 5s, front: alb").keep_alive == 5s);
    CHECK(one(", front: alb, keep_alive: 5s").keep_alive == 5s);
    CHECK(one(", front: alb, trusted_proxies: []").trusted_proxies.empty());
    CHECK(one(", front: nlb, proxy_protocol: required").proxy_protocol ==
          model::ProxyProtocol::required);
    CHECK(one(", front: nlb, proxy_protocol: off").proxy_protocol == model::ProxyProtocol::off);
    CHECK(one(", front: nlb, proxy_protocol_from: []").proxy_protocol_from->empty());
    CHECK(one(", front: elb, trusted_proxies: [192.0.2.0/24]").trusted_proxies.size() == 1);

    // One listener's keys say nothing about the next one.
    const auto two = parse_config(
        "listeners: [{bind: 127.0.0.1:0, keep_alive: 5s}, {bind: 127.0.0.1:0, front: alb}]", "f");
    CHECK(two.process.listeners[1].keep_alive > 4000s);
}

TEST_CASE("every supported key reaches its setting", "[config]") {
    const auto loaded = parse_config(R"(workers: 3
listeners:
  - bind: 127.0.0.1:0
    protocols: [http/1.1]
    mode: 0600
    proxy_protocol: required
    proxy_protocol_from: [10.0.0.0/8]
    front: none
    trusted_proxies: [10.0.0.0/8, "::1", unix]
    min_rates: {head: 1, body: 2, response: 3, grace: 4s}
    half_close: false
    underscores_in_headers: reject
    keep_alive: 5s
    head_timeout: 6s
    body_timeout: 7s
  - bind: "[::1]:8443"
    tls:
      certificates: [{cert: /c.pem, key: /k.pem}]
      min_version: "1.3"
      client_auth: none
services:
  web:
    policy: round_robin
    endpoints:
      - 127.0.0.1:9001
      - {address: 127.0.0.1:9002, weight: 3}
      - unix:/run/app.sock
    outlier: {base_ejection: 9s}
    retries: {attempts: 4}
    timeouts: {connect: 1s, first_byte: 2s, idle: 3s, total: 4s}
    drain: 8s
routes:
  - {host: WWW.example.org., path: /api/, service: web}
  - {host: "*.example.org", service: elsewhere}
fallback: 127.0.0.1:7700
api:
  bind: "127.0.0.1:81"
  max_path_length: 3
  plugins: [stickiness, [weighted_score, most], {score: least}, {stickiness: sess}, {name: random}]
health: {bind: "127.0.0.1:82"}
admin: {bind: "unix:/run/admin.sock"}
store: {redis: "redis://:pw@127.0.0.1:6379/2", embedded: /var/lib/fairlead}
discovery: {docker: {socket: /d.sock, address: container, resync: 5s}}
access_log: {path: /var/log/fairlead.log, format: text}
trace: {create: w3c, sampled: false}
limits: {request_head: 32KiB, request_line: 1KiB, header: 2KiB, headers: 50, connections: 9, request_body: 1MiB}
shutdown: {grace: 1s, timeout: 2s}
)",
                                     "f.yaml");
    for (const auto& problem : loaded.problems) UNSCOPED_INFO(problem.to_string());
    REQUIRE(loaded.ok());
    const auto& process = loaded.process;
    CHECK(process.workers == 3);
    REQUIRE(process.listeners.size() == 2);
    const auto& plain = process.listeners[0];
    CHECK(plain.bind == model::Address::tcp("127.0.0.1", 0));
    CHECK(plain.trusted_proxies.size() == 2);
    CHECK(plain.trusts_local_clients);
    CHECK(plain.mode == 0600);
    CHECK(plain.proxy_protocol == model::ProxyProtocol::required);
    CHECK(plain.proxy_protocol_from->size() == 1);
    CHECK(plain.min_rates == model::MinRates{1, 2, 3, 4s});
    CHECK(plain.underscores == model::Underscores::reject);
    CHECK_FALSE(plain.half_close);
    CHECK(plain.keep_alive == 5s);
    CHECK(plain.head_timeout == 6s);
    CHECK(plain.body_timeout == 7s);
    CHECK(!plain.tls);
    const auto& tls = process.listeners[1].tls;
    REQUIRE(tls);
    CHECK(tls->certificates == std::vector<model::TlsCertificate>{{"/c.pem", "/k.pem"}});
    CHECK(tls->min_version == model::TlsSettings::Version::tls13);
    CHECK(process.api.bind.port == 81);
    CHECK(process.api.max_path_length == 3);
    CHECK(model::to_string(process.api.plugins) ==
          "stickiness(fairlead), weighted_score(most), score(least), stickiness(sess), random");
    CHECK(process.health.port == 82);
    CHECK(process.admin.path == "/run/admin.sock");
    REQUIRE(process.store.redis);
    CHECK(process.store.redis->url == "redis://:pw@127.0.0.1:6379/2");
    CHECK(process.store.redis->timeout == 5s);
    CHECK(process.store.embedded == "/var/lib/fairlead");
    REQUIRE(process.docker);
    CHECK(process.docker->socket == "/d.sock");
    CHECK(process.docker->address == model::DockerSettings::Addressing::container);
    CHECK(process.docker->resync == 5s);
    CHECK(process.limits == model::Limits{32 * 1024, 1024, 2048, 50, 9, 1024 * 1024});
    CHECK(process.access_log == model::AccessLogSettings{"/var/log/fairlead.log",
                                                         model::AccessLogSettings::Format::text});
    CHECK(process.trace == model::TraceSettings{false, true, false});
    CHECK(process.shutdown == model::ShutdownSettings{1s, 2s});

    REQUIRE(loaded.desired.services.size() == 2);
    const auto& fallback = loaded.desired.services[1];
    CHECK(fallback.name == "fallback");
    CHECK(fallback.is_fallback);
    CHECK(fallback.origin.place == "f.yaml:35:1");
    CHECK(fallback.endpoints.front().address == model::Address::tcp("127.0.0.1", 7700));
    const auto& web = loaded.desired.services[0];
    CHECK(web.origin.place == "f.yaml:22:3");
    REQUIRE(web.settings);
    CHECK(web.settings->policy == "round_robin");
    CHECK(web.settings->ejection == 9s);
    CHECK(web.settings->attempts == 4);
    CHECK(web.settings->timeouts == model::Timeouts{1s, 2s, 3s, 4s});
    CHECK(web.settings->drain == 8s);
    REQUIRE(web.endpoints.size() == 3);
    CHECK(web.endpoints[0].address == model::Address::tcp("127.0.0.1", 9001));
    CHECK(web.endpoints[0].identity == "127.0.0.1:9001");
    CHECK(web.endpoints[0].origin.place == "f.yaml:25:9");
    CHECK(web.endpoints[1].weight == 3);
    CHECK(web.endpoints[2].address.path == "/run/app.sock");

    REQUIRE(loaded.desired.routes.size() == 2);
    CHECK(loaded.desired.routes[0].host == "www.example.org");
    CHECK(loaded.desired.routes[0].path == "/api");
    CHECK(loaded.desired.routes[0].origin.place == "f.yaml:33:5");
    CHECK(loaded.desired.routes[1].service == "elsewhere");
}

TEST_CASE("each mistake is told with line, column, key, what is wrong and what is allowed",
          "[config]") {
    struct Row {
        std::string_view text;
        Lines expected;
    };
    const Row rows[] = {
        {"wrokers: 3\n",
         {"f.yaml:1:1: wrokers: unknown key, did you mean 'workers'?; allowed: workers, listeners, "
          "services, routes, "
          "fallback, api, health, admin, store, discovery, access_log, trace, limits, shutdown"}},
        {"workers: many\n",
         {"f.yaml:1:10: workers: 'many' is not a number of workers; allowed: auto, or 1 to 1024"}},
        {"workers:\n", {"f.yaml:1:1: workers: it has no value; allowed: auto, or 1 to 1024"}},
        {"workers: [1]\n",
         {"f.yaml:1:10: workers: it must be one value; allowed: auto, or 1 to 1024"}},
        {"workers: 1\nworkers: 2\n", {"f.yaml:2:1: workers: it is written twice, first in line 1"}},
        {"listeners: []\n", {"f.yaml:1:1: listeners: no listener is named; allowed: one or more"}},
        {"listeners: {bind: x}\n", {"f.yaml:1:12: listeners: it must be a list"}},
        {"listeners:\n  - bind: 8080\n",
         {"f.yaml:2:11: listeners[0].bind: '8080' is not an address: the port is missing; allowed: "
          "host:port, "
          "[v6]:port or unix:/path"}},
        {"listeners:\n  - keep_alive: 5\n",
         {"f.yaml:2:17: listeners[0].keep_alive: '5' is not a duration; allowed: a whole number "
          "and "
          "ms, s, m, h or d, at most 365d, such as 250ms, 10s or 5m",
          "f.yaml:2:5: listeners[0].bind: it is missing; allowed: host:port, [v6]:port or "
          "unix:/path"}},
        {"listeners:\n  - bind: a:1\n    head_timeout: 2h\n",
         {"f.yaml:3:19: listeners[0].head_timeout: '2h' is out of range; allowed: 1ms to 1h"}},
        {"listeners:\n  - {bind: \"a:1\"}\n  - {bind: \"a:1\"}\n",
         {"f.yaml:3:12: listeners[1].bind: another listener is bound to a:1"}},
        {"listeners:\n  - bind: a:1\n    protocols: [http/1.1, h2]\n",
         {"f.yaml:3:5: listeners[0].protocols: not supported by this version; allowed: "
          "[http/1.1]"}},
        {"listeners:\n  - bind: a:1\n    mode: 0888\n",
         {"f.yaml:3:11: listeners[0].mode: '0888' is not a file mode; allowed: octal digits as "
          "0660"}},
        {"listeners:\n  - bind: a:1\n    trusted_proxies: [10.0.0.1/8]\n",
         {"f.yaml:3:23: listeners[0].trusted_proxies[0]: '10.0.0.1/8' has bits set below its "
          "prefix length; allowed: "
          "an address, a range as 10.0.0.0/8, or unix"}},
        {"listeners:\n  - bind: a:1\n    tls: {certificates: []}\n",
         {"f.yaml:3:11: listeners[0].tls.certificates: 0 certificates are named; allowed in this "
          "version: exactly "
          "one"}},
        {"listeners:\n  - bind: a:1\n    tls: {min_version: 1.1}\n",
         {"f.yaml:3:24: listeners[0].tls.min_version: '1.1' is not known; allowed: 1.2, 1.3",
          "f.yaml:3:5: listeners[0].tls.certificates: it is missing; allowed: a list"}},
        {"services: {web: {polcy: p2c}}\n",
         {"f.yaml:1:18: services.web.polcy: unknown key, did you mean 'policy'?; allowed: policy, "
          "hash_on, endpoints, "
          "protocol, tls, sticky, health, outlier, slow_start, max_requests_per_endpoint, queue, "
          "retries, timeouts, "
          "drain"}},
        {"services: {web: {policy: maglev}}\n",
         {"f.yaml:1:26: services.web.policy: 'maglev' is not a policy; allowed: p2c, round_robin"}},
        {"services: {web: {sticky: {cookie: x}}}\n",
         {"f.yaml:1:18: services.web.sticky: not supported by this version; allowed: leave it "
          "out"}},
        {"services: {web: {endpoints: [a:1, \"a:0\", {weight: 2}, \"a:1\", [x]]}}\n",
         {"f.yaml:1:35: services.web.endpoints[1]: 'a:0' has port 0; allowed: 1 to 65535",
          "f.yaml:1:42: services.web.endpoints[2].address: it is missing; allowed: host:port, "
          "[v6]:port or unix:/path",
          "f.yaml:1:55: services.web.endpoints[3]: a:1 is named twice, first at f.yaml:1:30",
          "f.yaml:1:62: services.web.endpoints[4]: it must be a value or key: value pairs"}},
        {"services: {web: {endpoints: [{address: \"a:1\", weight: 0}]}}\n",
         {"f.yaml:1:55: services.web.endpoints[0].weight: '0' is out of range; allowed: 1 to "
          "1000"}},
        {"services: {\"a b\": {}}\n",
         {"f.yaml:1:12: services.a b: 'a b' is not a service name: it has a space or control "
          "character; allowed: 1 to "
          "200 characters without spaces and control characters"}},
        {"routes: [{host: \"a:1\", service: w}]\n",
         {"f.yaml:1:17: routes[0].host: 'a:1' is not a route's host: it has a port or a scheme; "
          "allowed: a host name, "
          "*.suffix or *"}},
        {"routes: [{service: w}, {host: a}]\n",
         {"f.yaml:1:10: routes[0].host: it is missing; allowed: a host name, *.suffix or *",
          "f.yaml:1:24: routes[1]: it leads nowhere; allowed: one of service and split, or "
          "redirect"}},
        {"routes:\n- {host: A, path: /x, service: w}\n- {host: a, path: /x/, service: v}\n",
         {"f.yaml:3:3: routes[1]: the route at f.yaml:2:3 has the same host and path"}},
        {"access_log: logs/a.log\n",
         {"f.yaml:1:13: access_log: 'logs/a.log' is not where a log can go; allowed: off, - or "
          "/path"}},
        {"access_log: {format: combined}\n",
         {"f.yaml:1:22: access_log.format: 'combined' is not known; allowed: json, text"}},
        {"store: {redis: \"${FAIRLEAD_TEST_UNSET}\"}\n",
         {"f.yaml:1:16: store.redis: the environment variable FAIRLEAD_TEST_UNSET is not set; "
          "allowed: set it, or "
          "write ${FAIRLEAD_TEST_UNSET:-default}"}},
        {"services: {web: {tls: {cert: /c.pem}}}\n",
         {"f.yaml:1:18: services.web.tls: cert and key go together; allowed: both or neither"}},
        {"services: {web: {tls: {verify: false, ca: /c.pem}}}\n",
         {"f.yaml:1:18: services.web.tls: ca says who may have signed, and verify: false that it "
          "does not matter"}},
        {"services: {web: {tls: {server_name: \"a b\"}}}\n",
         {"f.yaml:1:37: services.web.tls.server_name: 'a b' is not a name; allowed: a host name "
          "or an address"}},
        {"services: {web: {endpoints: [\"unix:/a\"], tls: {min_version: \"1.3\"}}}\n",
         {"f.yaml:1:12: services.web: a Unix socket has no name to verify; set tls.server_name, or "
          "tls.verify: false"}},
        {"api: 8081\n", {"f.yaml:1:6: api: it must be key: value pairs"}},
        {"? [a]\n: b\n", {"f.yaml:1:3: its keys must be plain text"}},
        {"a.b: c\n",
         {"f.yaml:1:1: a.b: unknown key, did you mean 'api'?; allowed: workers, listeners, "
          "services, routes, fallback, "
          "api, health, admin, store, discovery, access_log, trace, limits, shutdown"}},
        {"listeners: [\n", {"f.yaml:2:1: not readable as YAML: end of sequence flow not found"}},
        {"a: b: c\n", {"f.yaml:1:5: not readable as YAML: illegal map value"}},
        {"a: 1\n---\nb: 2\n",
         {"f.yaml:3:1: not readable as YAML: a second document begins; allowed: one"}},
        {"just text\n", {"f.yaml:1:1: it must be key: value pairs"}},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(problems_of(row.text) == row.expected);
    }
}

TEST_CASE("a file for TLS to endpoints that cannot be read is a problem of its section",
          "[config]") {
    const auto problems = problems_of("services:\n  web:\n    tls: {ca: /nowhere/ca.pem}\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("f.yaml:3:5: services.web.tls: /nowhere/ca.pem: no readable "));
}

TEST_CASE("TLS to endpoints is off, or ready for use once the file is read", "[config]") {
    const auto loaded = parse_config(
        "services:\n  plain: {}\n  web: {tls: {verify: false, server_name: app.internal, "
        "min_version: \"1.3\"}}\n",
        "f.yaml");
    REQUIRE(loaded.ok());
    REQUIRE(loaded.desired.services.size() == 2);
    CHECK(!loaded.desired.services[0].settings->tls);
    const auto& tls = loaded.desired.services[1].settings->tls;
    REQUIRE(tls);
    CHECK(!tls->verify);
    CHECK(tls->server_name == "app.internal");
    CHECK(tls->min_version == model::TlsVersion::tls13);
    CHECK(tls->context != nullptr);
}

TEST_CASE("there is no access log unless the file names one", "[config]") {
    const auto path_of = [](std::string_view text) {
        const auto loaded = parse_config(text, "f.yaml");
        REQUIRE(loaded.ok());
        return loaded.process.access_log.path;
    };
    CHECK(path_of("") == "");
    CHECK(path_of("access_log: off\n") == "");
    CHECK(path_of("access_log: {format: text}\n") == "");
    CHECK(path_of("access_log: \"-\"\n") == "-");
    CHECK(path_of("access_log: /a.log\n") == "/a.log");
    CHECK(path_of("access_log: {path: /a.log}\n") == "/a.log");
}

TEST_CASE("all problems of a file are told, not only the first", "[config]") {
    CHECK(problems_of("workers: x\nlimits: {headers: 0, request_head: 1}\nroutes: 5\n") ==
          Lines{"f.yaml:1:10: workers: 'x' is not a number of workers; allowed: auto, or 1 to 1024",
                "f.yaml:2:19: limits.headers: '0' is out of range; allowed: 1 to 1000",
                "f.yaml:2:36: limits.request_head: '1' is out of range; allowed: 1KiB to 1MiB",
                "f.yaml:3:9: routes: it must be a list"});
}

TEST_CASE("values come from the environment", "[config]") {
    ::setenv("FAIRLEAD_TEST_PORT", "9123", 1);
    ::setenv("FAIRLEAD_TEST_EMPTY", "", 1);
    const auto loaded = parse_config(R"(admin: {bind: "127.0.0.1:${FAIRLEAD_TEST_PORT}"}
health: {bind: "${FAIRLEAD_TEST_NONE:-127.0.0.1:7}"}
api: {bind: "${FAIRLEAD_TEST_EMPTY:-127.0.0.1:8}"}
store: {embedded: "/a$${b}"}
)",
                                     "f.yaml");
    REQUIRE(loaded.ok());
    CHECK(loaded.process.admin.port == 9123);
    CHECK(loaded.process.health.port == 7);
    CHECK(loaded.process.api.bind.port == 8);
    CHECK(loaded.process.store.embedded == "/a${b}");
}

TEST_CASE("a file that cannot be read is a problem of the whole file", "[config]") {
    const auto loaded = control::load_config("/nonexistent/fairlead.yaml");
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].to_string() ==
          "/nonexistent/fairlead.yaml: cannot be read: No such file or directory");
}

TEST_CASE("no bytes make the loader throw or crash", "[config]") {
    const std::string good =
        "listeners:\n  - bind: a:1\n    tls: {certificates: [{cert: c, key: k}]}\nroutes: [{host: "
        "a}]\n";
    for (std::size_t cut = 0; cut <= good.size(); ++cut) parse_config(good.substr(0, cut), "f");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char c : {'\0', '\t', '*', '&', '[', '}', '!', '%', '\xff', ':'}) {
            auto bad = good;
            bad[at] = c;
            parse_config(bad, "f");
        }
    }
    parse_config(std::string(5000, '['), "f");
    parse_config("listeners: &a [*a]\n", "f");
    parse_config("services: &a {web: *a}\n", "f");
    SUCCEED();
}

TEST_CASE("groups of settings that need a restart are named", "[config]") {
    model::ProcessSettings one;
    auto other = one;
    CHECK(control::changed_groups(one, other).empty());
    other.workers = 5;
    other.docker.emplace();
    CHECK(control::changed_groups(one, other) ==
          std::vector<std::string_view>{"workers", "discovery"});
}
