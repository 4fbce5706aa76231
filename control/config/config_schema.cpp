#include "control/config/config_schema.hpp"

#include "control/config/config_setters.hpp"
#include "control/config/plugin_setters.hpp"
#include "control/config/redis_setters.hpp"
#include "control/config/route_setters.hpp"
#include "proxy/base/duration_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

namespace fairlead::control {
namespace {

using enum KeyType;

constexpr std::uint64_t second = 1000;
constexpr std::uint64_t hour = 3600 * second;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t tib = kib * kib * kib * kib;
constexpr std::uint64_t four_billion = 4294967295;

constexpr std::string_view redis_url_form =
    "redis://[user][:password@]host[:port][/database], the same with rediss:// for TLS, unix:/path "
    "or unix://[user][:password@]/path[?db=database]";
constexpr std::string_view address_form = "host:port, [v6]:port or unix:/path";

/// A row for what the contract names and this version does not do. `accepted`: what may be written
/// all the same, since it asks for what happens anyway.
constexpr KeyRow later(std::string_view path, std::string_view accepted, std::string_view help) {
    return {.path = path,
            .type = unsupported,
            .allowed = accepted,
            .by_default = accepted,
            .help = help};
}

constexpr KeyRow section_at(std::string_view path, std::string_view help,
                            KeyRow::Begin begin = nullptr, KeyRow::End end = nullptr) {
    return {.path = path, .type = section, .help = help, .begin = begin, .end = end};
}

constexpr KeyRow list_at(std::string_view path, std::string_view help, KeyRow::End end = nullptr) {
    return {.path = path, .type = list, .help = help, .end = end};
}

constexpr KeyRow text_at(std::string_view path, std::string_view allowed,
                         std::string_view by_default, KeyRow::Set set, std::string_view help) {
    return {.path = path,
            .type = text,
            .allowed = allowed,
            .by_default = by_default,
            .help = help,
            .set = set};
}

constexpr KeyRow required(KeyRow row) {
    row.is_required = true;
    return row;
}

constexpr KeyRow choice_at(std::string_view path, std::string_view choices,
                           std::string_view by_default, KeyRow::Set set, std::string_view help) {
    return {.path = path,
            .type = choice,
            .allowed = choices,
            .by_default = by_default,
            .help = help,
            .set = set};
}

/// Of any type whose value is a number.
constexpr KeyRow number_at(KeyType type, std::string_view path, std::uint64_t min,
                           std::uint64_t max, std::string_view by_default, KeyRow::Set set,
                           std::string_view help) {
    return {.path = path,
            .type = type,
            .min = min,
            .max = max,
            .by_default = by_default,
            .help = help,
            .set = set};
}

constexpr KeyRow count_at(std::string_view path, std::uint64_t min, std::uint64_t max,
                          std::string_view by_default, KeyRow::Set set, std::string_view help) {
    return number_at(count, path, min, max, by_default, set, help);
}

constexpr KeyRow duration_at(std::string_view path, std::uint64_t min, std::uint64_t max,
                             std::string_view by_default, KeyRow::Set set, std::string_view help) {
    return number_at(duration, path, min, max, by_default, set, help);
}

constexpr KeyRow size_at(std::string_view path, std::uint64_t min, std::uint64_t max,
                         std::string_view by_default, KeyRow::Set set, std::string_view help) {
    return number_at(size, path, min, max, by_default, set, help);
}

// clang-format off
constexpr KeyRow rows[] = {
    section_at("", ""),

    text_at("workers", "auto, or 1 to 1024", "auto", set::workers,
            "threads that serve; auto: one a CPU, the container's quota counted"),

    list_at("listeners", "where traffic comes in; without this key: 0.0.0.0:8080", end::listeners),
    section_at("listeners[]", "", begin::listener, end::listener),
    required(text_at("listeners[].bind", address_form, "", set::listener_bind, "where to listen")),
    later("listeners[].protocols", "[http/1.1]", "protocols spoken with clients"),
    text_at("listeners[].mode", "octal digits as 0660", "0660", set::mode, "permissions of a Unix socket's file"),
    choice_at("listeners[].proxy_protocol", "off|optional|required", "off", set::proxy_protocol,
              "whether connections begin with a PROXY header, version 1 or 2"),
    list_at("listeners[].proxy_protocol_from",
            "whose PROXY headers are believed, those of others are read and ignored; without this key: everybody's",
            end::proxy_protocol_from),
    text_at("listeners[].proxy_protocol_from[]", "an address or a range as 10.0.0.0/8", "", set::proxy_protocol_peer, ""),
    choice_at("listeners[].front", "none|alb|elb|nlb", "none", set::front,
              "preset for the balancer in front ([aws.md](aws.md)); keys that are there win over it"),
    list_at("listeners[].trusted_proxies",
            "whose X-Forwarded-* are believed and extended; everybody else's are replaced", end::trusted_proxies),
    text_at("listeners[].trusted_proxies[]", "an address, a range as 10.0.0.0/8, or unix", "", set::trusted_proxy,
            "unix: clients on a Unix socket"),
    duration_at("listeners[].keep_alive", 1, day, "75s", set::keep_alive,
                "how long a connection may wait for its next request"),
    duration_at("listeners[].head_timeout", 1, hour, "30s", set::head_timeout,
                "from the first byte of a request to the end of its head"),
    duration_at("listeners[].body_timeout", 1, day, "60s", set::body_timeout,
                "between two pieces of a request's body, and of an answer being taken"),
    section_at("listeners[].min_rates", "bytes a second that a client keeps up on average while it is waited for; 0: no minimum"),
    size_at("listeners[].min_rates.head", 0, kib * kib, "100", set::min_rate_head, "of a request's head, else 408"),
    size_at("listeners[].min_rates.body", 0, kib * kib, "240", set::min_rate_body, "of a request's body, else 408"),
    size_at("listeners[].min_rates.response", 0, kib * kib, "240", set::min_rate_response, "of an answer being taken, else it is cut off"),
    duration_at("listeners[].min_rates.grace", 0, hour, "10s", set::min_rate_grace, "waiting that is free"),
    choice_at("listeners[].half_close", "true|false", "true", set::half_close,
              "whether a client that has ended its side still gets its answer; false: it has gone, and its request ends"),
    choice_at("listeners[].underscores_in_headers", "drop|pass|reject", "drop", set::underscores,
              "what becomes of headers and trailers with _ in their names; reject: 400"),
    section_at("listeners[].tls", "serves HTTPS", begin::tls),
    required(list_at("listeners[].tls.certificates", "exactly one in this version", end::certificates)),
    section_at("listeners[].tls.certificates[]", "", begin::certificate),
    required(text_at("listeners[].tls.certificates[].cert", "a PEM file", "", set::certificate_cert,
                     "PEM file: the certificate, then its chain")),
    required(text_at("listeners[].tls.certificates[].key", "a PEM file", "", set::certificate_key,
                     "PEM file: its private key")),
    choice_at("listeners[].tls.min_version", "1.2|1.3", "1.2", set::tls_min_version, "oldest TLS spoken"),
    later("listeners[].tls.client_ca", "", "who may have signed clients' certificates"),
    later("listeners[].tls.client_auth", "none", "whether clients show a certificate"),

    {.path = "services", .type = names, .help = "pools of endpoints, by name"},
    section_at("services.*", "", begin::service, end::service),
    text_at("services.*.policy", "p2c or round_robin", "p2c", set::policy, "how an endpoint is chosen"),
    later("services.*.hash_on", "", "what the hash policies hash"),
    list_at("services.*.endpoints", "where requests go: an address, or {address, weight}"),
    {.path = "services.*.endpoints[]", .type = section_or_text, .begin = begin::endpoint, .end = end::endpoint},
    required(text_at("services.*.endpoints[].address", address_form, "", set::endpoint_address, "where it listens")),
    count_at("services.*.endpoints[].weight", 1, 1000, "1", set::endpoint_weight, "its share"),
    later("services.*.protocol", "http/1.1", "spoken with the endpoints"),
    section_at("services.*.tls", "TLS to the endpoints: without it, plain", begin::endpoint_tls, end::endpoint_tls),
    choice_at("services.*.tls.verify", "true|false", "true", set::endpoint_tls_verify,
              "whether the endpoint's certificate has to be good: its chain, dates and name"),
    text_at("services.*.tls.ca", "a PEM file", "", set::endpoint_tls_ca, "who may have signed it; without it: whom the system trusts"),
    text_at("services.*.tls.server_name", "a host name or an address", "", set::endpoint_tls_name,
            "sent (SNI) and verified; without it: the endpoint's host"),
    text_at("services.*.tls.cert", "a PEM file", "", set::endpoint_tls_cert, "our own certificate and chain, for endpoints that ask for one"),
    text_at("services.*.tls.key", "a PEM file", "", set::endpoint_tls_key, "its private key"),
    choice_at("services.*.tls.min_version", "1.2|1.3", "1.2", set::endpoint_tls_min_version, "oldest TLS spoken"),
    later("services.*.sticky", "", "clients come back to the endpoint they had"),
    later("services.*.health", "", "active health checks"),
    section_at("services.*.outlier", "what happens to an endpoint that refuses or resets connections"),
    later("services.*.outlier.consecutive_failures", "1", "failures in a row that eject"),
    duration_at("services.*.outlier.base_ejection", 0, hour, "5s", set::ejection, "how long it is out of choice; 0s: never"),
    later("services.*.outlier.max_ejected", "100%", "share that may be ejected at once"),
    later("services.*.slow_start", "0s", "a new endpoint gets its share gradually"),
    later("services.*.max_requests_per_endpoint", "0", "requests at once"),
    later("services.*.queue", "", "where requests wait for an endpoint"),
    section_at("services.*.retries", "repeating a request that no endpoint has seen, or that may be repeated"),
    count_at("services.*.retries.attempts", 1, 10, "2", set::attempts, "tries a request, the first included; 1: never repeat"),
    later("services.*.retries.budget", "", "share of requests that may be repeated"),
    section_at("services.*.timeouts", "patience with the endpoints"),
    duration_at("services.*.timeouts.connect", 1, hour, "3s", set::connect_timeout, "to connect"),
    duration_at("services.*.timeouts.first_byte", 1, day, "60s", set::first_byte_timeout,
                "from the last byte of the request to the first of the answer"),
    duration_at("services.*.timeouts.idle", 1, day, "60s", set::idle_timeout, "between two pieces of a body, either way"),
    duration_at("services.*.timeouts.total", 0, day, "0s", set::total_timeout, "of the whole exchange; 0s: no limit"),
    duration_at("services.*.drain", 0, day, "30s", set::drain, "how long a draining endpoint may finish what it has"),

    list_at("routes", "which requests go to which service; the longest path wins"),
    section_at("routes[]", "", begin::route, end::route),
    required(text_at("routes[].host", "a host name, *.suffix or *", "", set::route_host, "exact, *.suffix, or * for any")),
    text_at("routes[].path", "/ or /segment/segment", "/", set::route_path, "prefix, on whole segments"),
    text_at("routes[].service", "a service's name", "", set::route_service,
            "here, in the store or on a container's label"),
    section_at("routes[].match", "conditions besides host and path: all must hold"),
    list_at("routes[].match.methods", "one of these methods", end::methods),
    text_at("routes[].match.methods[]", "a method's name, as GET", "", set::match_method, ""),
    {.path = "routes[].match.headers", .type = names, .help = "headers, by name"},
    text_at("routes[].match.headers.*", "a value, a prefix with * behind it, or * for any", "", set::match_header,
            "what that header must be"),
    {.path = "routes[].match.query", .type = names, .help = "query parameters, by name"},
    text_at("routes[].match.query.*", "a value, a prefix with * behind it, or * for any", "", set::match_query,
            "what that parameter must be, not percent-decoded"),
    list_at("routes[].split", "shares of several services, in place of service", end::split),
    section_at("routes[].split[]", "", begin::share),
    required(text_at("routes[].split[].service", "a service's name", "", set::share_service, "who gets this share")),
    count_at("routes[].split[].weight", 0, 1000000, "1", set::share_weight, "its part of the sum of all weights"),
    text_at("routes[].split_by", "request, client_ip or cookie:NAME", "request", set::split_by,
            "each request by itself, or every client always to the same service"),
    section_at("routes[].rewrite", "what the endpoint gets in place of what the client sent"),
    text_at("routes[].rewrite.prefix", "/ or /segment/segment", "", set::rewrite_prefix,
            "in place of the route's path; /: the route's path is left out"),
    text_at("routes[].rewrite.host", "host or host:port", "", set::rewrite_host, "in place of Host"),
    {.path = "routes[].redirect", .type = section_or_text,
     .help = "answers with another place: a scheme, or {scheme, status, host, port, path}",
     .begin = begin::redirect, .end = end::redirect},
    choice_at("routes[].redirect.scheme", "https|http", "", set::redirect_scheme, "without it: as it came"),
    choice_at("routes[].redirect.status", "301|302|307|308", "308", set::redirect_status,
              "307 and 308 keep the method, 301 and 308 may be remembered for ever"),
    text_at("routes[].redirect.host", "host or host:port", "", set::redirect_host, "without it: as it came"),
    count_at("routes[].redirect.port", 1, 65535, "", set::redirect_port, "without it: as it came, or the new scheme's own"),
    text_at("routes[].redirect.path", "/path", "", set::redirect_path, "in place of the whole path; the query stays"),
    section_at("routes[].request_headers", "what the endpoint gets of the client's headers"),
    {.path = "routes[].request_headers.set", .type = names, .help = "in place of any of that name"},
    text_at("routes[].request_headers.set.*", "a value", "", set::request_header_set, "its value"),
    {.path = "routes[].request_headers.add", .type = names, .help = "beside those of that name"},
    text_at("routes[].request_headers.add.*", "a value", "", set::request_header_add, "its value"),
    list_at("routes[].request_headers.remove", "names of headers that do not pass"),
    text_at("routes[].request_headers.remove[]", "a header's name", "", set::request_header_remove, ""),
    section_at("routes[].response_headers", "what the client gets of the answer's headers"),
    {.path = "routes[].response_headers.set", .type = names, .help = "in place of any of that name"},
    text_at("routes[].response_headers.set.*", "a value", "", set::response_header_set, "its value"),
    {.path = "routes[].response_headers.add", .type = names, .help = "beside those of that name"},
    text_at("routes[].response_headers.add.*", "a value", "", set::response_header_add, "its value"),
    list_at("routes[].response_headers.remove", "names of headers that do not pass"),
    text_at("routes[].response_headers.remove[]", "a header's name", "", set::response_header_remove, ""),
    section_at("routes[].rate_limit", "how often a client may come: 429 beyond", nullptr, end::rate_limit),
    required(count_at("routes[].rate_limit.requests", 1, 1000000, "", set::rate_requests, "in `per`, on the long run")),
    duration_at("routes[].rate_limit.per", 1, hour, "1s", set::rate_per, "the time in which they may come"),
    count_at("routes[].rate_limit.burst", 1, 1000000, "", set::rate_burst, "how many may come at once; without it: as many as requests"),
    text_at("routes[].rate_limit.by", "client_ip or header:NAME", "client_ip", set::rate_by, "who is one client"),
    list_at("routes[].allow", "addresses that may come; everybody else may not", end::allow),
    text_at("routes[].allow[]", "an address or a range as 10.0.0.0/8", "", set::allow, ""),
    list_at("routes[].deny", "addresses that may not come"),
    text_at("routes[].deny[]", "an address or a range as 10.0.0.0/8", "", set::deny, ""),
    text_at("fallback", address_form, "", set::fallback,
            "where requests go that have no route or no endpoint, or would get our 502 or 504; without it: nowhere"),

    section_at("api", "the Redx-compatible API"),
    text_at("api.bind", address_form, "127.0.0.1:8081", set::api_bind, "where it listens"),
    count_at("api.max_path_length", 0, 64, "1", set::max_path_length, "path segments that frontends are matched by; 0: host only"),
    text_at("api.token", "8 to 1024 visible characters, no spaces", "", set::api_token,
            "asked for (Authorization: Bearer) by all of the API but GET /health and /test; without it only clients on this machine may write"),
    size_at("api.max_body", kib, kib * kib * kib, "16MiB", set::api_max_body, "a body of /batch: 413 beyond"),
    count_at("api.default_score", 0, four_billion, "0", set::api_default_score, "of servers that a /batch names without a score"),
    list_at("api.plugins", "by which an API route's server is chosen, in order; without this key: [random]", end::plugins),
    {.path = "api.plugins[]", .type = section_or_pair, .begin = begin::plugin, .end = end::plugin},
    text_at("api.plugins[].name", "random or stickiness", "", set::plugin_name, "a plugin without a parameter"),
    text_at("api.plugins[].score", "least or most", "", set::plugin_score, "the servers with the lowest or the highest score"),
    text_at("api.plugins[].weighted_score", "least or most", "", set::plugin_weighted_score, "one, at random by score"),
    text_at("api.plugins[].stickiness", "a cookie's name", "", set::plugin_stickiness,
            "the server that the client had; {name: stickiness}: the cookie is called fairlead"),
    section_at("health", "GET /health for the balancer in front"),
    text_at("health.bind", address_form, "0.0.0.0:8082", set::health_bind, "where it listens"),
    section_at("admin", "routes, services, metrics, for operators"),
    text_at("admin.bind", address_form, "127.0.0.1:9901", set::admin_bind, "where it listens"),
    count_at("admin.journal", 0, 100'000, "1000", set::admin_journal, "changes that /events remembers"),

    section_at("store", "where routes written through the API live"),
    {.path = "store.redis", .type = section_or_text,
     .help = "a Redis in Redx's schema, `redis: URL` is short for its url; without it: the embedded store",
     .begin = begin::redis, .end = end::redis},
    required(text_at("store.redis.url", redis_url_form, "", set::redis_url, "where it is, and as whom to log in")),
    duration_at("store.redis.timeout", 100, 60 * second, "5s", set::redis_timeout, "of a command, connecting included"),
    section_at("store.redis.tls", "how rediss:// is secured; without it: verified by whom the system trusts",
               begin::redis_tls, end::redis_tls),
    choice_at("store.redis.tls.verify", "true|false", "true", set::redis_tls_verify,
              "whether its certificate has to be good: its chain, dates and name"),
    text_at("store.redis.tls.ca", "a PEM file", "", set::redis_tls_ca, "who may have signed it; without it: whom the system trusts"),
    text_at("store.redis.tls.server_name", "a host name or an address", "", set::redis_tls_name,
            "sent (SNI) and verified; without it: the host connected to"),
    text_at("store.redis.tls.cert", "a PEM file", "", set::redis_tls_cert, "our own certificate and chain, where one is asked for"),
    text_at("store.redis.tls.key", "a PEM file", "", set::redis_tls_key, "its private key"),
    choice_at("store.redis.tls.min_version", "1.2|1.3", "1.2", set::redis_tls_min_version, "oldest TLS spoken"),
    section_at("store.redis.sentinel", "its master is asked for by the name that the url has as host", begin::redis_sentinel),
    required(list_at("store.redis.sentinel.addresses", "the sentinels, in the order of asking", end::redis_sentinels)),
    text_at("store.redis.sentinel.addresses[]", "host or host:port; port 26379", "", set::redis_sentinel_address, ""),
    text_at("store.redis.sentinel.user", "a name", "", set::redis_sentinel_user, "as whom to log in to the sentinels"),
    text_at("store.redis.sentinel.password", "a password", "", set::redis_sentinel_password, "that of the sentinels; the master's is in the url"),
    choice_at("store.redis.sentinel.tls", "true|false", "", set::redis_sentinel_tls, "TLS to the sentinels; without it: as to the master"),
    section_at("store.redis.cluster", "it is a cluster of which the url names one node", begin::redis_cluster),
    list_at("store.redis.cluster.nodes", "more of its nodes, asked for the rest where that one does not answer"),
    text_at("store.redis.cluster.nodes[]", "host or host:port; port 6379", "", set::redis_cluster_node, ""),
    text_at("store.embedded", "a folder", "./fairlead-state", set::store_embedded, "the embedded store's folder"),
    choice_at("store.watch", "auto|tracking|notifications|digest", "auto", set::store_watch,
              "how changes that others make in Redis are found"),
    choice_at("store.hipache", "false|true", "false", set::store_hipache, "serve Hipache's lists in that Redis too, without ever writing them"),
    text_at("store.last_good", "a file, or off", "last-good.json in store.embedded", set::store_last_good,
            "the last contents of Redis, for a start without it"),
    text_at("store.mass_delete_guard", "1% to 99%, or off", "50%", set::store_mass_delete_guard,
            "of the routes (and more than 10 of them): a loss at once of more than that is held back"),
    duration_at("store.mass_delete_hold", 1000, day, "60s", set::store_mass_delete_hold, "a loss that stands for this long is believed"),

    section_at("discovery", "where services are found"),
    section_at("discovery.docker", "containers by their labels; without this key: no Docker", begin::docker),
    text_at("discovery.docker.socket", "a Unix socket's path", "/var/run/docker.sock", set::docker_socket, "the Docker Engine's socket"),
    choice_at("discovery.docker.address", "published|container", "published", set::docker_address,
              "published ports on this host, or the containers' own addresses"),
    duration_at("discovery.docker.resync", 100, hour, "30s", set::docker_resync, "list everything again this often"),

    {.path = "access_log", .type = section_or_text, .help = "a line for each request; `access_log: WHERE` is short for its path"},
    text_at("access_log.path", "off, - or /path", "off", set::access_log_path,
            "-: standard output; a file is opened anew at SIGUSR1"),
    choice_at("access_log.format", "json|text", "json", set::access_log_format, "an object a line, or Combined and what else is known"),
    section_at("trace", "ids by which a request is found again in other logs"),
    choice_at("trace.create", "both|amzn|w3c|none", "both", set::trace_create,
              "what a request gets that has none: X-Amzn-Trace-Id, traceparent"),
    choice_at("trace.sampled", "true|false", "true", set::trace_sampled,
              "the flag of a traceparent that is created, where nobody has decided"),

    section_at("limits", "what a client may ask for"),
    size_at("limits.request_head", kib, kib * kib, "64KiB", set::request_head, "request line and headers: 431 beyond"),
    size_at("limits.request_line", 256, kib * kib, "16KiB", set::request_line, "method, target and version: 414 beyond"),
    size_at("limits.header", 256, kib * kib, "16KiB", set::header, "one header line: 431 beyond"),
    count_at("limits.headers", 1, 1000, "128", set::headers, "header lines of a request: 431 beyond"),
    count_at("limits.connections", 0, four_billion, "0", set::connections, "client connections at once: 503 beyond, with TLS closed; 0: no limit"),
    size_at("limits.request_body", 0, tib, "0", set::request_body, "a request's body: 413 beyond; 0: no limit"),

    section_at("shutdown", "what SIGTERM does"),
    duration_at("shutdown.grace", 0, hour, "0s", set::shutdown_grace, "health says 503 and everything is served for this long first"),
    duration_at("shutdown.timeout", 0, day, "30s", set::shutdown_timeout, "then what is in flight may take this long"),
};
// clang-format on

Checked<Value> read_choice(const KeyRow& row, std::string_view given) {
    std::uint64_t index = 0;
    for (auto rest = row.allowed; !rest.empty(); ++index) {
        const auto bar = rest.find('|');
        if (rest.substr(0, bar) == given) return Value{std::string(given), index};
        rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
    }
    return problem("'{}' is not known; allowed: {}", given, allowed_text(row));
}

Checked<std::uint64_t> read_count(std::string_view given) {
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(given.data(), given.data() + given.size(), number);
    if (ec != std::errc{} || end != given.data() + given.size() || given.empty()) {
        return problem("'{}' is not a whole number", given);
    }
    return number;
}

Checked<std::uint64_t> read_number(const KeyRow& row, std::string_view given) {
    if (row.type == count) return read_count(given);
    if (row.type == size) return parse_size(given);
    const auto time = parse_duration(given);
    if (!time) return time.error();
    return static_cast<std::uint64_t>(time->count());
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::string_view units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes != 0 && bytes % kib == 0 && unit + 1 < std::size(units)) {
        bytes /= kib;
        ++unit;
    }
    return fmt::format("{}{}", bytes, units[unit]);
}

std::string number_text(const KeyRow& row, std::uint64_t number) {
    if (row.type == size) return size_text(number);
    if (row.type == count) return fmt::format("{}", number);
    return duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(number)));
}

}  // namespace

Draft::Draft() {
    desired.kind = model::SourceKind::file;
    process.listeners.clear();
}

model::SharedValue<model::SettingOrigins> Draft::take_setting_origins() {
    if (setting_places.empty()) return {};
    model::SettingOrigins origins({model::SourceKind::file, file});
    for (auto& entry : setting_places) origins.add(entry.key, std::move(entry.rest));
    setting_places.clear();
    return origins;
}

std::span<const KeyRow> config_keys() noexcept {
    return rows;
}

const KeyRow* find_key(std::string_view path) noexcept {
    const auto* const at = std::find_if(std::begin(rows), std::end(rows),
                                        [&](const auto& row) { return row.path == path; });
    return at == std::end(rows) ? nullptr : at;
}

std::vector<std::string_view> keys_below(std::string_view path) {
    std::vector<std::string_view> found;
    for (const auto& row : rows) {
        auto name = row.path;
        if (!path.empty()) {
            if (!name.starts_with(path) || name.size() <= path.size() || name[path.size()] != '.')
                continue;
            name.remove_prefix(path.size() + 1);
        }
        if (!name.empty() && name.find_first_of(".[*") == std::string_view::npos)
            found.push_back(name);
    }
    return found;
}

std::string allowed_text(const KeyRow& row) {
    switch (row.type) {
        case section:
        case names:
            return "key: value pairs";
        case list:
            return "a list";
        case section_or_text:
            return "a value or key: value pairs";
        case section_or_pair:
            return "a value, key: value pairs, or [key, value]";
        case text:
            return std::string(row.allowed);
        case unsupported:
            return row.allowed.empty() ? "leave it out" : std::string(row.allowed);
        case count:
        case duration:
        case size:
            return fmt::format("{} to {}", number_text(row, row.min), number_text(row, row.max));
        case choice:
            break;
    }
    std::string choices;
    for (const char c : row.allowed) c == '|' ? choices.append(", ") : choices.append(1, c);
    return choices;
}

Checked<Value> read_value(const KeyRow& row, std::string_view given) {
    if (row.type == choice) return read_choice(row, given);
    if (row.type == text) return Value{std::string(given), 0};
    const auto number = read_number(row, given);
    if (!number) {
        if (row.type != count) return number.error();
        return problem("{}; allowed: {}", number.error().text(), allowed_text(row));
    }
    if (*number < row.min || *number > row.max) {
        return problem("'{}' is out of range; allowed: {}", given, allowed_text(row));
    }
    return Value{std::string(given), *number};
}

std::vector<std::string_view> changed_groups(const model::ProcessSettings& one,
                                             const model::ProcessSettings& other) {
    std::vector<std::string_view> groups;
    const auto compare = [&](std::string_view name, const auto& a, const auto& b) {
        if (!(a == b)) groups.push_back(name);
    };
    compare("workers", one.workers, other.workers);
    compare("listeners", one.listeners, other.listeners);
    compare("api", one.api, other.api);
    compare("health", one.health, other.health);
    compare("admin", std::tie(one.admin, one.journal), std::tie(other.admin, other.journal));
    compare("store", one.store, other.store);
    compare("discovery", one.docker, other.docker);
    compare("access_log", one.access_log, other.access_log);
    compare("trace", one.trace, other.trace);
    compare("limits", one.limits, other.limits);
    compare("shutdown", one.shutdown, other.shutdown);
    return groups;
}

}  // namespace fairlead::control
