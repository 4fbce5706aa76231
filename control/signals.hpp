// What the operating system tells the process: SIGTERM and SIGINT stop it, SIGHUP re-reads the
// file, SIGUSR1 opens the access log anew.
//
// Threads: control.
#pragma once

#include "proxy/aio/types.hpp"

#include <functional>
#include <memory>

namespace fairlead::control {

class Signals {
public:
    using Handler = std::function<void(int signal)>;

    /// From now on these signals no longer end the process; `handler` gets each, in order.
    Signals(aio::IoContext& io, Handler handler);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    void stop();

private:
    struct State;
    static aio::task<> wait(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace fairlead::control
