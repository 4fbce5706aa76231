// Something that happens once and that one coroutine may wait for.
//
// Threads: one worker.
#pragma once

#include "proxy/aio/types.hpp"

namespace fairlead::aio {

class Event {
public:
    explicit Event(const executor& on) : timer_(on, timer::time_point::max()) {}

    bool is_set() const noexcept { return is_set_; }
    void set() {
        is_set_ = true;
        timer_.cancel();
    }

    /// Returns at once where it is already set.
    task<> wait();

private:
    timer timer_;
    bool is_set_ = false;
};

}  // namespace fairlead::aio
