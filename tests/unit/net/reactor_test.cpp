#include "proxy/net/reactor.hpp"

#include "proxy/net/descriptor.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/net/transport.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <sys/socket.h>

using namespace fairlead;
using namespace fairlead::net;

namespace {

struct Pair {
    Pair() {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        ours = Descriptor(fds[0]);
        theirs = Descriptor(fds[1]);
    }
    Descriptor ours;
    Descriptor theirs;
};

/// What a coroutine that waits and reads until the end has seen.
struct Seen {
    std::string text;
    error_code end;
    int waits = 0;
};

task<> read_all(Transport& transport, Reactor& reactor, Seen& seen) {
    std::array<char, 64> space;
    for (;;) {
        auto [ec, n] = transport.try_read(space);
        if (ec == asio::error::would_block) {
            ++seen.waits;
            const bool ready = co_await transport.wait_readable();
            if (ready) continue;
            ec = asio::error::operation_aborted;
        }
        if (ec) {
            seen.end = ec;
            break;
        }
        seen.text.append(space.data(), n);
    }
    reactor.stop();
}

}  // namespace

TEST_CASE("bytes and the end of a stream wake the reader, whatever their order", "[net][reactor]") {
    IoContext io;
    Reactor reactor(io);
    Pair pair;
    Transport transport(reactor, std::move(pair.ours));
    Seen seen;
    reactor.start();
    spawn(io.get_executor(), "reader", read_all(transport, reactor, seen));
    asio::post(io, [&] {
        REQUIRE(::write(pair.theirs.get(), "Hello", 5) == 5);
        asio::post(io, [&] {
            REQUIRE(::write(pair.theirs.get(), ", world", 7) == 7);
            pair.theirs.close();  // together with bytes: no event of its own
        });
    });
    io.run();
    CHECK(seen.text == "Hello, world");
    CHECK(seen.end == asio::error::eof);
}

TEST_CASE("a short read does not try again before the next event", "[net][reactor]") {
    IoContext io;
    Reactor reactor(io);
    Pair pair;
    Transport transport(reactor, std::move(pair.ours));
    reactor.start();
    REQUIRE(::write(pair.theirs.get(), "Hello", 5) == 5);
    io.run_for(std::chrono::milliseconds(20));
    std::array<char, 64> space;
    CHECK(std::get<1>(transport.try_read(space)) == 5);
    // More has come, but no event was taken yet: reading costs no system call and gives nothing.
    REQUIRE(::write(pair.theirs.get(), "more", 4) == 4);
    CHECK(std::get<0>(transport.try_read(space)) == asio::error::would_block);
    io.restart();
    io.run_for(std::chrono::milliseconds(20));
    CHECK(std::get<1>(transport.try_read(space)) == 4);
    reactor.stop();
}

TEST_CASE("cancelling, closing and stopping end a wait", "[net][reactor]") {
    enum class How { cancel, close, stop };
    for (const How how : {How::cancel, How::close, How::stop}) {
        IoContext io;
        Reactor reactor(io);
        Pair pair;
        Transport transport(reactor, std::move(pair.ours));
        Seen seen;
        reactor.start();
        spawn(io.get_executor(), "reader", read_all(transport, reactor, seen));
        asio::post(io, [&] {
            if (how == How::cancel) transport.cancel();
            if (how == How::close) transport.close();
            if (how == How::stop) reactor.stop();
            CHECK_FALSE(seen.end);  // never inside the call
        });
        io.run();
        CHECK(seen.end == asio::error::operation_aborted);
    }
}

TEST_CASE("a watch that ends within a batch gets none of its events", "[net][reactor]") {
    // Two transports become readable in one batch; the first one's reader closes the second.
    struct Closer {
        static task<> run(Transport& own, std::unique_ptr<Transport>& other, int& closed) {
            const bool ready = co_await own.wait_readable();
            if (ready && other) {
                other.reset();
                ++closed;
            }
        }
    };
    IoContext io;
    Reactor reactor(io);
    Pair one;
    Pair two;
    auto first = std::make_unique<Transport>(reactor, std::move(one.ours));
    auto second = std::make_unique<Transport>(reactor, std::move(two.ours));
    int closed = 0;
    reactor.start();
    spawn(io.get_executor(), "one", Closer::run(*first, second, closed));
    spawn(io.get_executor(), "two", Closer::run(*second, first, closed));
    asio::post(io, [&] {
        REQUIRE(::write(one.theirs.get(), "x", 1) == 1);
        REQUIRE(::write(two.theirs.get(), "x", 1) == 1);
    });
    io.run_for(std::chrono::milliseconds(50));
    CHECK(closed == 1);
    reactor.stop();
    io.restart();
    io.run();
}
