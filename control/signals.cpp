#include "control/signals.hpp"

#include "proxy/net/spawn.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace fairlead::control {

struct Signals::State {
    State(net::IoContext& io, Handler handle)
        : set(io, SIGTERM, SIGINT, SIGHUP), handler(std::move(handle)) {}

    net::token::as_default_on_t<net::asio::basic_signal_set<net::executor>> set;
    Handler handler;
};

Signals::Signals(net::IoContext& io, Handler handler)
    : state_(std::make_shared<State>(io, std::move(handler))) {
    net::spawn(io.get_executor(), "signals", wait(state_));
}

Signals::~Signals() {
    stop();
}

void Signals::stop() {
    net::error_code ignored;  // nothing is pending then
    state_->set.cancel(ignored);
}

net::task<> Signals::wait(std::shared_ptr<State> state) {
    while (true) {
        auto [ec, signal] = co_await state->set.async_wait();
        if (ec) co_return;
        state->handler(signal);
    }
}

}  // namespace fairlead::control
