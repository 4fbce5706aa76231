#include "proxy/net/spawn.hpp"

#include "proxy/base/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <atomic>
#include <exception>

namespace fairlead::net {
namespace {

std::atomic<std::uint64_t> failures{0};

struct Ended {
    std::string_view name;

    void operator()(const std::exception_ptr& error) const {
        if (!error) return;
        failures.fetch_add(1, std::memory_order_relaxed);
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            log::error("coroutine.failed", log::kv("name", name), log::kv("what", e.what()));
        } catch (...) {
            log::error("coroutine.failed", log::kv("name", name));
        }
    }
};

}  // namespace

void spawn(const executor& on, std::string_view name, task<> coroutine) {
    const Ended ended{name};
    asio::co_spawn(on, std::move(coroutine), ended);
}

std::uint64_t failed_coroutines() noexcept {
    return failures.load(std::memory_order_relaxed);
}

}  // namespace fairlead::net
