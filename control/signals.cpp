#include "control/signals.hpp"

#include "proxy/aio/spawn.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace fairlead::control {

struct Signals::State {
    State(aio::IoContext& io, Handler handle)
        : set(io, SIGTERM, SIGINT, SIGHUP), handler(std::move(handle)) {
        set.add(SIGUSR1);
    }

    aio::token::as_default_on_t<aio::asio::basic_signal_set<aio::executor>> set;
    Handler handler;
    bool is_stopped = false;  // perhaps by the handler
};

Signals::Signals(aio::IoContext& io, Handler handler)
    : state_(std::make_shared<State>(io, std::move(handler))) {
    aio::spawn(io.get_executor(), "signals", wait(state_));
}

Signals::~Signals() {
    stop();
}

void Signals::stop() {
    state_->is_stopped = true;
    aio::error_code ignored;  // nothing is pending then
    state_->set.cancel(ignored);
}

aio::task<> Signals::wait(std::shared_ptr<State> state) {
    while (!state->is_stopped) {
        auto [ec, signal] = co_await state->set.async_wait();
        if (ec) co_return;
        state->handler(signal);
    }
}

}  // namespace fairlead::control
