#include "proxy/net/spawn.hpp"

#include "proxy/base/coroutine_failures.hpp"

namespace fairlead::net {
namespace {

void end(detail::Promise<void>& promise) noexcept {
    promise.spawned.reactor->guest_left();
    if (promise.error) report_failed_coroutine(promise.spawned.name, promise.error);
    task<>::Handle::from_promise(promise).destroy();
}

}  // namespace

void spawn(Reactor& reactor, std::string_view name, task<> coroutine) {
    const auto handle = coroutine.release();
    handle.promise().spawned = {&end, &reactor, name};
    reactor.guest_came();
    handle.resume();
}

}  // namespace fairlead::net
