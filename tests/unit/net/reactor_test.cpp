#include "proxy/net/reactor.hpp"

#include "proxy/net/descriptor.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/net/transport.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <optional>
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
    std::optional<IoResult::Status> end;
    int waits = 0;
};

task<> read_all(Transport& transport, Reactor& reactor, Seen& seen) {
    std::array<char, 64> space;
    for (;;) {
        auto read = transport.try_read(space);
        if (read.is_blocked()) {
            ++seen.waits;
            const bool ready = co_await transport.wait_readable();
            if (ready) continue;
            read = IoResult::of(IoResult::Status::cancelled);
        }
        if (!read.is_done()) {
            seen.end = read.status;
            break;
        }
        seen.text.append(space.data(), read.size);
    }
    reactor.stop();
}

/// Never waits for anything but the others' turn.
task<> be_busy(Reactor& reactor, const Seen& other, int& turns) {
    while (!other.end && turns < 100) {
        ++turns;
        co_await reactor.next_turn();
    }
}

}  // namespace

TEST_CASE("who lets the others have their turn does not keep them waiting", "[net][reactor]") {
    Reactor reactor;
    Pair pair;
    Transport transport(reactor, std::move(pair.ours), Watch::Starts::connected);
    Seen seen;
    int turns = 0;
    spawn(reactor, "reader", read_all(transport, reactor, seen));
    spawn(reactor, "busy", be_busy(reactor, seen, turns));
    REQUIRE(::write(pair.theirs.get(), "Hello", 5) == 5);
    pair.theirs.close();
    reactor.run();
    CHECK(seen.text == "Hello");
    CHECK(turns > 0);
    CHECK(turns < 10);
}

TEST_CASE("bytes and the end of a stream wake the reader, whatever their order", "[net][reactor]") {
    Reactor reactor;
    Pair pair;
    Transport transport(reactor, std::move(pair.ours), Watch::Starts::connected);
    Seen seen;
    spawn(reactor, "reader", read_all(transport, reactor, seen));
    reactor.post([&] {
        REQUIRE(::write(pair.theirs.get(), "Hello", 5) == 5);
        reactor.post([&] {
            REQUIRE(::write(pair.theirs.get(), ", world", 7) == 7);
            pair.theirs.close();  // together with bytes: no event of its own
        });
    });
    reactor.run();
    CHECK(seen.text == "Hello, world");
    CHECK(seen.end == IoResult::Status::ended);
}

TEST_CASE("a short read does not try again before the next event", "[net][reactor]") {
    struct Note final : Waiter {
        Note() : Waiter(&take) {}
        static void take(Waiter& self, bool ready) { static_cast<Note&>(self).ready = ready; }
        bool ready = false;
    };
    Reactor reactor;
    Pair pair;
    Transport transport(reactor, std::move(pair.ours), Watch::Starts::connected);
    Note first;
    REQUIRE(transport.wake_when_readable(first));
    REQUIRE(::write(pair.theirs.get(), "Hello", 5) == 5);
    reactor.turn(1s);
    CHECK(first.ready);
    std::array<char, 64> space;
    CHECK(transport.try_read(space).size == 5);
    // More has come, but no event was taken yet: reading costs no system call and gives nothing.
    REQUIRE(::write(pair.theirs.get(), "more", 4) == 4);
    CHECK(transport.try_read(space).is_blocked());
    Note second;
    REQUIRE(transport.wake_when_readable(second));
    reactor.turn(1s);
    CHECK(second.ready);
    CHECK(transport.try_read(space).size == 4);
}

TEST_CASE("cancelling, closing and stopping end a wait", "[net][reactor]") {
    enum class How { cancel, close, stop };
    for (const How how : {How::cancel, How::close, How::stop}) {
        Reactor reactor;
        Pair pair;
        Transport transport(reactor, std::move(pair.ours), Watch::Starts::connected);
        Seen seen;
        spawn(reactor, "reader", read_all(transport, reactor, seen));
        reactor.post([&] {
            if (how == How::cancel) transport.cancel();
            if (how == How::close) transport.close();
            if (how == How::stop) reactor.stop();
            CHECK_FALSE(seen.end);  // never inside the call
        });
        reactor.run();
        CHECK(seen.end == IoResult::Status::cancelled);
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
    Reactor reactor;
    Pair one;
    Pair two;
    auto first =
        std::make_unique<Transport>(reactor, std::move(one.ours), Watch::Starts::connected);
    auto second =
        std::make_unique<Transport>(reactor, std::move(two.ours), Watch::Starts::connected);
    int closed = 0;
    spawn(reactor, "one", Closer::run(*first, second, closed));
    spawn(reactor, "two", Closer::run(*second, first, closed));
    reactor.post([&] {
        REQUIRE(::write(one.theirs.get(), "x", 1) == 1);
        REQUIRE(::write(two.theirs.get(), "x", 1) == 1);
    });
    reactor.turn(1s);
    reactor.turn(50ms);
    CHECK(closed == 1);
    reactor.stop();
    reactor.run();
}
