#include "control/redis_setters.hpp"

#include "control/client_tls_fields.hpp"
#include "control/redis/redis_target.hpp"

#include <utility>

namespace fairlead::control {
namespace {

model::RedisSettings& redis_of(Draft& draft) {
    return *draft.process.store.redis;
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

}  // namespace set
}  // namespace fairlead::control
