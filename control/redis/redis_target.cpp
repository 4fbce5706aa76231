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

}  // namespace

Checked<RedisTarget> redis_target(const model::RedisSettings& settings) {
    RedisTarget target;
    auto url = parse_redis_url(settings.url);
    if (!url) return url.error();
    target.node.url = std::move(*url);
    target.timeout = settings.timeout;
    if (auto used = use_tls(target.node, settings); !used) return used.error();
    return target;
}

}  // namespace fairlead::control
