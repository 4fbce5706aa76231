#include "control/store_factory.hpp"

#include "control/embedded/embedded_store.hpp"
#include "control/redis/redis_target.hpp"
#include "control/redis_store.hpp"

#include <utility>

namespace fairlead::control {

Checked<std::unique_ptr<Store>> open_store(aio::IoContext& io,
                                           const model::ProcessSettings& settings) {
    const auto depth = settings.api.max_path_length;
    if (settings.store.redis) {
        const auto target = redis_target(*settings.store.redis);
        if (!target) return target.error();
        return std::unique_ptr<Store>(std::make_unique<RedisStore>(io, *target, depth));
    }
    auto store = std::make_unique<EmbeddedStore>(io, settings.store.embedded, depth);
    const auto opened = store->open();
    if (!opened) return opened.error();
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace fairlead::control
