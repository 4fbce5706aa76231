#include "proxy/net/event.hpp"

namespace fairlead::net {

task<> Event::wait() {
    while (!is_set_) co_await timer_.async_wait();
}

}  // namespace fairlead::net
