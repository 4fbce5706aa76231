#include "control/config/redis_setters.hpp"

#include "control/config/client_tls_fields.hpp"
#include "control/redis/redis_target.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;

model::RedisSettings& redis_of(Draft& draft) {
    return *draft.process.store.redis;
}

model::RedisSentinelSettings& sentinel_of(Draft& draft) {
    return *redis_of(draft).sentinel;
}

Checked<> add_address(std::vector<model::Address>& to, const Value& value, std::uint16_t port) {
    auto address = model::parse_address(value.text, port);
    if (!address) return address.error();
    if (address->kind != model::Address::Kind::tcp)
        return problem("a Unix socket is of no use here; allowed: host or host:port");
    if (std::find(to.begin(), to.end(), *address) != to.end())
        return problem("{} is named twice", model::to_string(*address));
    to.push_back(std::move(*address));
    return {};
}

Checked<> put_word(std::string& field, const Value& value) {
    if (value.text.empty()) return problem("it is empty; allowed: leave it out");
    field = value.text;
    return {};
}

model::EndpointTls& tls_of(Draft& draft) {
    return *redis_of(draft).tls;
}

}  // namespace

namespace begin {

Checked<> redis(Draft& draft, std::string_view) {
    draft.process.store.redis.emplace();
    return {};
}

Checked<> redis_tls(Draft& draft, std::string_view) {
    redis_of(draft).tls.emplace();
    return {};
}

Checked<> redis_sentinel(Draft& draft, std::string_view) {
    redis_of(draft).sentinel.emplace();
    return {};
}

Checked<> redis_cluster(Draft& draft, std::string_view) {
    redis_of(draft).cluster.emplace();
    return {};
}

}  // namespace begin

namespace end {

Checked<> redis(Draft& draft) {
    const auto target = redis_target(redis_of(draft));
    if (!target) return target.error();
    return {};
}

Checked<> redis_tls(Draft& draft) {
    return client_tls::check(tls_of(draft));
}

Checked<> redis_sentinels(Draft& draft) {
    if (sentinel_of(draft).addresses.empty())
        return problem("no sentinel is named; allowed: one or more");
    return {};
}

}  // namespace end

namespace set {

Checked<> redis_url(Draft& draft, const Value& value) {
    const auto url = parse_redis_url(value.text);
    if (!url) return url.error();
    redis_of(draft).url = value.text;
    return {};
}

Checked<> redis_timeout(Draft& draft, const Value& value) {
    redis_of(draft).timeout = value.duration();
    return {};
}

Checked<> redis_tls_verify(Draft& draft, const Value& value) {
    return client_tls::put_verify(tls_of(draft), value);
}
Checked<> redis_tls_ca(Draft& draft, const Value& value) {
    return client_tls::put_ca(tls_of(draft), value);
}
Checked<> redis_tls_name(Draft& draft, const Value& value) {
    return client_tls::put_name(tls_of(draft), value);
}
Checked<> redis_tls_cert(Draft& draft, const Value& value) {
    return client_tls::put_cert(tls_of(draft), value);
}
Checked<> redis_tls_key(Draft& draft, const Value& value) {
    return client_tls::put_key(tls_of(draft), value);
}
Checked<> redis_tls_min_version(Draft& draft, const Value& value) {
    return client_tls::put_min_version(tls_of(draft), value);
}

Checked<> redis_sentinel_address(Draft& draft, const Value& value) {
    return add_address(sentinel_of(draft).addresses, value, sentinel_port);
}
Checked<> redis_sentinel_user(Draft& draft, const Value& value) {
    return put_word(sentinel_of(draft).user, value);
}
Checked<> redis_sentinel_password(Draft& draft, const Value& value) {
    return put_word(sentinel_of(draft).password, value);
}
Checked<> redis_sentinel_tls(Draft& draft, const Value& value) {
    sentinel_of(draft).tls = value.text == "true";
    return {};
}
Checked<> redis_cluster_node(Draft& draft, const Value& value) {
    return add_address(redis_of(draft).cluster->nodes, value, redis_port);
}

}  // namespace set
}  // namespace fairlead::control
