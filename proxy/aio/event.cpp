#include "proxy/aio/event.hpp"

namespace fairlead::aio {

task<> Event::wait() {
    while (!is_set_) co_await timer_.async_wait();
}

}  // namespace fairlead::aio
