#include "control/redis/redis_target.hpp"

#include <utility>

namespace fairlead::control {
namespace {

Checked<> use_tls(RedisNode& node, const model::RedisSettings& settings) {
    if (!node.url.is_tls) {
        if (!settings.tls) return {};
        return problem("tls says how, and the url that it is not used; allowed: rediss:// with it");
    }
    const auto tls = settings.tls.value_or(model::EndpointTls{});
    auto context = net::TlsClientContext::load(tls, net::TlsInside::unnamed);
    if (!context) return context.error();
    node.tls = std::move(*context);
    node.server_name = tls.server_name;
    return {};
}

/// The URL's host is the name of the master, and its user, password, database and TLS the master's.
Checked<> use_sentinels(RedisTarget& target, const model::RedisSettings& settings) {
    const auto& url = target.node.url;
    const auto& asked = *settings.sentinel;
    if (settings.cluster)
        return problem("sentinel and cluster exclude each other; allowed: one of them");
    if (url.address.kind != model::Address::Kind::tcp || url.has_port)
        return problem(
            "with sentinel, the url has the master's name in place of host and port; allowed: "
            "redis://[user][:password@]name[/database], the same with rediss://");
    const bool is_tls = asked.tls.value_or(url.is_tls);
    if (is_tls && !url.is_tls)
        return problem("sentinel.tls needs TLS to the master, too; allowed: rediss:// with it");
    auto& sentinels = target.sentinels.emplace();
    sentinels.master = url.address.host;
    for (const auto& address : asked.addresses) {
        auto& node = sentinels.nodes.emplace_back();
        node.url.address = address;
        node.url.user = asked.user;
        node.url.password = asked.password;
        node.url.is_tls = is_tls;
        if (!is_tls) continue;
        node.tls = target.node.tls;
        node.server_name = target.node.server_name;
    }
    return {};
}

Checked<> use_cluster(RedisTarget& target, const model::RedisSettings& settings) {
    const auto& url = target.node.url;
    if (url.address.kind != model::Address::Kind::tcp)
        return problem(
            "the nodes of a cluster are not on Unix sockets; allowed: redis://, rediss://");
    if (url.database != 0)
        return problem("a cluster has no database but 0; allowed: none in the url");
    auto& seeds = target.cluster.emplace().seeds;
    seeds.push_back(target.node);
    for (const auto& address : settings.cluster->nodes) {
        seeds.push_back(target.node);
        seeds.back().url.address = address;
    }
    return {};
}

}  // namespace

Checked<RedisTarget> redis_target(const model::RedisSettings& settings) {
    RedisTarget target;
    auto url = parse_redis_url(settings.url);
    if (!url) return url.error();
    target.node.url = std::move(*url);
    target.timeout = settings.timeout;
    if (auto used = use_tls(target.node, settings); !used) return used.error();
    if (settings.sentinel) {
        if (auto used = use_sentinels(target, settings); !used) return used.error();
    } else if (settings.cluster) {
        if (auto used = use_cluster(target, settings); !used) return used.error();
    }
    return target;
}

}  // namespace fairlead::control
