#include "proxy/base/coroutine_failures.hpp"

#include "proxy/base/log.hpp"

#include <atomic>

namespace fairlead {
namespace {

std::atomic<std::uint64_t> failures{0};

}  // namespace

void report_failed_coroutine(std::string_view name, const std::exception_ptr& error) noexcept {
    failures.fetch_add(1, std::memory_order_relaxed);
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        log::error("coroutine.failed", log::kv("name", name), log::kv("what", e.what()));
    } catch (...) {
        log::error("coroutine.failed", log::kv("name", name));
    }
}

std::uint64_t failed_coroutines() noexcept {
    return failures.load(std::memory_order_relaxed);
}

}  // namespace fairlead
