// What a user can set, as plain structs with the default on the field.
// control/config/config_schema.cpp has one row for each key; docs/configuration.md describes them.
//
// Threads: any (values, immutable after loading).
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/address.hpp"
#include "proxy/model/ip_prefix.hpp"
#include "proxy/model/plugin_chain.hpp"
#include "proxy/model/setting_origins.hpp"
#include "proxy/model/shared_value.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::net {
class TlsClientContext;  // net/tls_client.hpp; opaque here
}

namespace fairlead::model {

using Milliseconds = std::chrono::milliseconds;
using Bytes = std::uint64_t;

struct Timeouts {
    Milliseconds connect = 3s;
    Milliseconds first_byte = 60s;  // from the last byte of the request to the first of the answer
    Milliseconds idle = 60s;        // between two pieces of a body, either way
    Milliseconds total = 0s;        // of the whole exchange; 0: no limit

    bool operator==(const Timeouts&) const = default;
};

struct TlsCertificate {
    std::string cert;  // PEM file: leaf first, then the chain
    std::string key;   // PEM file

    bool operator==(const TlsCertificate&) const = default;
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };

/// TLS to the endpoints of a service.
struct EndpointTls {
    bool verify = true;       // the chain, the dates and the name
    std::string ca;           // PEM file of who may have signed; empty: the system's
    std::string server_name;  // sent and verified; empty: the endpoint's host
    TlsCertificate client;    // shown to endpoints that ask for one; empty: none
    TlsVersion min_version = TlsVersion::tls12;
    // Set by net::load_endpoint_tls, never null in a snapshot: all of that ready for use, and a
    // checksum of what the files said.
    std::shared_ptr<const net::TlsClientContext> context;
    std::uint64_t files = 0;

    /// `context` does not count: it follows from the rest.
    bool operator==(const EndpointTls& other) const noexcept {
        return verify == other.verify && ca == other.ca && server_name == other.server_name &&
               client == other.client && min_version == other.min_version && files == other.files;
    }
};

/// How a service is balanced and how patient we are with it.
struct ServiceSettings {
    std::string policy = "p2c";  // a row of proxy/balance/registry.cpp
    Timeouts timeouts;
    unsigned attempts = 2;           // tries per request, the first included; 1: never repeat
    Milliseconds ejection = 5s;      // out of choice after a refused or reset connection
    Milliseconds drain = 30s;        // how long a draining endpoint may finish what it has
    std::optional<EndpointTls> tls;  // absent: plain
    SharedValue<SettingOrigins> origins = {};  // none: all of them are defaults

    bool operator==(const ServiceSettings&) const = default;
};

struct TlsSettings {
    std::vector<TlsCertificate> certificates;  // exactly one for now
    using Version = TlsVersion;
    Version min_version = Version::tls12;

    bool operator==(const TlsSettings&) const = default;
};

/// Which of Amazon's balancers sends a listener its connections: docs/aws.md.
enum class Front : std::uint8_t { none, alb, elb, nlb };

/// Whether connections begin with a PROXY header, which says whose they are.
enum class ProxyProtocol : std::uint8_t { off, optional, required };

/// What becomes of headers with '_' in their names, which some applications cannot tell from '-'.
enum class Underscores : std::uint8_t { drop, pass, reject };

/// Bytes a second that a client has to keep up on average while we wait for it; 0: no minimum.
struct MinRates {
    // A head that comes in one packet is never measured; 240 for the rest as other servers have it.
    Bytes head = 100;
    Bytes body = 240;
    Bytes response = 240;
    Milliseconds grace = 10s;  // of waiting that is free: a lost packet costs seconds

    bool operator==(const MinRates&) const = default;
};

struct ListenerSettings {
    Address bind = Address::tcp("0.0.0.0", 8080);
    unsigned mode = 0660;       // of a Unix socket's file
    Front front = Front::none;  // what else it sets is in control/config/front_presets.cpp
    ProxyProtocol proxy_protocol = ProxyProtocol::off;
    // Whose PROXY headers are believed; those of others are read and ignored. None: everybody's.
    std::optional<std::vector<IpPrefix>> proxy_protocol_from;
    std::optional<TlsSettings> tls;
    std::vector<IpPrefix> trusted_proxies;  // whose X-Forwarded-* are believed and extended
    bool trusts_local_clients = false;      // "unix" among them: clients on a Unix socket
    Underscores underscores = Underscores::drop;
    bool half_close = true;  // a client that has ended its side still gets its answer
    // Above the 60 s after which an ALB gives an idle connection up, so that we are never the
    // first.
    Milliseconds keep_alive = 75s;
    Milliseconds head_timeout = 30s;  // from a request's first byte to the end of its head
    Milliseconds body_timeout =
        60s;  // between two pieces of a request body, and of an answer being read
    MinRates min_rates;

    bool operator==(const ListenerSettings&) const = default;
};

struct Limits {
    // As an ALB has them: 16 KiB a line, 64 KiB in all.
    Bytes request_head = 64 * 1024;
    Bytes request_line = 16 * 1024;
    Bytes header = 16 * 1024;
    unsigned headers = 128;
    unsigned connections = 0;  // client connections over all workers; 0: no limit
    Bytes request_body = 0;    // 0: no limit

    bool operator==(const Limits&) const = default;
};

struct ApiSettings {
    Address bind = Address::tcp("127.0.0.1", 8081);
    unsigned max_path_length = 1;       // path segments that API routes are matched by (Redx)
    std::string token;                  // empty: none, and only local clients may write
    Bytes max_body = 16 * 1024 * 1024;  // of /batch; held whole in memory while it is read
    std::string default_score = "0";    // of servers that a /batch names without one
    PluginChain plugins;                // by which their servers are chosen

    bool operator==(const ApiSettings&) const = default;
};

/// Who is asked for the master of a Redis.
struct RedisSentinelSettings {
    std::vector<Address> addresses;
    std::string user;         // empty: the default user
    std::string password;     // empty: no AUTH
    std::optional<bool> tls;  // absent: as the master

    bool operator==(const RedisSentinelSettings&) const = default;
};

struct RedisClusterSettings {
    std::vector<Address> nodes;  // asked where the URL's does not answer

    bool operator==(const RedisClusterSettings&) const = default;
};

struct RedisSettings {
    std::string url;                 // redis://, rediss://, unix:/path
    Milliseconds timeout = 5s;       // of a command, connecting included
    std::optional<EndpointTls> tls;  // absent: as rediss:// means it without more words
    std::optional<RedisSentinelSettings> sentinel;  // the URL's host is the master's name
    std::optional<RedisClusterSettings> cluster;

    bool operator==(const RedisSettings&) const = default;
};

struct StoreSettings {
    std::optional<RedisSettings> redis;         // absent: the embedded store
    std::string embedded = "./fairlead-state";  // its folder

    // The rest is about Redis.
    enum class Watch : std::uint8_t { automatic, tracking, notifications, digest };
    Watch watch = Watch::automatic;       // how changes of other writers are found
    bool hipache = false;                 // serve Hipache's lists beside Redx's keys
    std::string last_good;                // a file; empty: in the folder of `embedded`; "off": none
    unsigned mass_delete_guard = 50;      // percent of the routes lost at once; 100: off
    Milliseconds mass_delete_hold = 60s;  // then such a loss is believed

    bool operator==(const StoreSettings&) const = default;
};

struct DockerSettings {
    enum class Addressing : std::uint8_t { published, container };

    std::string socket = "/var/run/docker.sock";
    Addressing address = Addressing::published;
    Milliseconds resync = 30s;  // list everything again, whatever the events said

    bool operator==(const DockerSettings&) const = default;
};

struct AccessLogSettings {
    enum class Format : std::uint8_t { json, text };

    std::string path;  // "-": standard output; "": no log
    Format format = Format::json;

    bool operator==(const AccessLogSettings&) const = default;
};

struct TraceSettings {
    // What is added where a request has none.
    bool create_amzn = true;  // X-Amzn-Trace-Id
    bool create_w3c = true;   // traceparent
    bool sampled = true;      // of a traceparent that we create and nobody decided about

    bool operator==(const TraceSettings&) const = default;
};

struct ShutdownSettings {
    Milliseconds grace = 0s;     // health answers 503 but listeners stay open for this long first
    Milliseconds timeout = 30s;  // then in-flight work may take this long

    bool operator==(const ShutdownSettings&) const = default;
};

/// The part of the file that is read once, at start; a change of it needs a restart.
struct ProcessSettings {
    unsigned workers = 0;  // 0: one a CPU, cgroup quota counted
    std::vector<ListenerSettings> listeners = {ListenerSettings{}};
    ApiSettings api;
    Address health = Address::tcp("0.0.0.0", 8082);
    Address admin = Address::tcp("127.0.0.1", 9901);
    unsigned journal = 1000;  // changes that /events remembers
    StoreSettings store;
    std::optional<DockerSettings> docker;  // absent: no Docker discovery
    AccessLogSettings access_log;
    TraceSettings trace;
    Limits limits;
    ShutdownSettings shutdown;

    bool operator==(const ProcessSettings&) const = default;
};

}  // namespace fairlead::model
