#include "proxy/session/upload.hpp"

#include "proxy/net/spawn.hpp"

namespace fairlead::session {

void Upload::start() {
    net::spawn(reactor_, "upload", run());
}

net::task<> Upload::finish() {
    if (ended_.is_set()) co_return;
    stopping_ = true;
    client_.stop_reading();
    connection_.close();
    co_await ended_.wait();
}

net::task<> Upload::run() {
    co_await move();
    ended_.set();
}

net::task<> Upload::move() {
    for (;;) {
        const auto piece = co_await client_.read_body();
        if (stopping_) co_return;
        if (!piece) {
            client_failure_ = piece.error();
            connection_.close();  // whoever reads the response learns it by that
            co_return;
        }
        has_read_all_ = piece->is_last;
        if (endpoint_.send_body(*piece) != net::Sent::all) {
            // An endpoint that stopped reading may have answered: that is for the reader to find
            // out.
            const auto sent = co_await endpoint_.finish_sending();
            if (!sent) co_return;
        }
        if (piece->is_last) co_return;
    }
}

}  // namespace fairlead::session
