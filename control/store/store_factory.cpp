#include "control/store/store_factory.hpp"

#include "control/embedded/embedded_store.hpp"
#include "control/redis/redis_target.hpp"
#include "control/store/redis_store.hpp"

#include <utility>

namespace fairlead::control {

Checked<std::unique_ptr<Store>> open_store(aio::IoContext& io,
                                           const model::ProcessSettings& settings) {
    const KeyRules rules(settings.api);
    if (settings.store.redis) {
        const auto target = redis_target(*settings.store.redis);
        if (!target) return target.error();
        return std::unique_ptr<Store>(
            std::make_unique<RedisStore>(io, *target, settings.store, rules));
    }
    auto store = std::make_unique<EmbeddedStore>(io, settings.store.embedded, rules);
    const auto opened = store->open();
    if (!opened) return opened.error();
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace fairlead::control
