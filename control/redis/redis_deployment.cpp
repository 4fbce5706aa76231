#include "control/redis/redis_deployment.hpp"

#include "control/redis/redis_single.hpp"

namespace fairlead::control {

std::unique_ptr<RedisDeployment> open_redis(aio::IoContext& io, const RedisTarget& target) {
    return std::make_unique<RedisSingle>(io, target);
}

}  // namespace fairlead::control
