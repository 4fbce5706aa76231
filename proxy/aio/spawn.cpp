#include "proxy/aio/spawn.hpp"

#include "proxy/base/coroutine_failures.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace fairlead::aio {
namespace {

struct Ended {
    std::string_view name;

    void operator()(const std::exception_ptr& error) const {
        if (error) report_failed_coroutine(name, error);
    }
};

}  // namespace

void spawn(const executor& on, std::string_view name, task<> coroutine) {
    const Ended ended{name};
    asio::co_spawn(on, std::move(coroutine), ended);
}

}  // namespace fairlead::aio
