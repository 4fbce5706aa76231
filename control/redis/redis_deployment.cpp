#include "control/redis/redis_deployment.hpp"

#include "control/redis/redis_cluster.hpp"
#include "control/redis/redis_sentinel.hpp"
#include "control/redis/redis_single.hpp"

namespace fairlead::control {

std::unique_ptr<RedisDeployment> open_redis(aio::IoContext& io, const RedisTarget& target) {
    if (target.sentinels) return std::make_unique<RedisSentinel>(io, target);
    if (target.cluster) return std::make_unique<RedisCluster>(io, target);
    return std::make_unique<RedisSingle>(io, target);
}

}  // namespace fairlead::control
