// A reactor's round: what is read ahead, in which order waiters are woken, what is held for its
// end, and what becomes of a held message that the socket does not take.
#include "proxy/net/descriptor.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/net/transport.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

using namespace fairlead;
using namespace fairlead::net;

namespace {

/// A transport, the other end of its connection, and what to do when it can be read.
struct End final : Waiter {
    explicit End(Reactor& reactor, Watch::Starts starts = Watch::Starts::connected)
        : Waiter(&End::wake) {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        transport = std::make_unique<Transport>(reactor, Descriptor(fds[0]), starts);
        peer = Descriptor(fds[1]);
        std::array<char, 1> nothing;
        CHECK(transport->try_read(nothing).is_blocked());  // or it would count as readable
    }

    void wait() { REQUIRE(transport->wake_when_readable(*this)); }
    void wait_for_message() {
        wait();
        transport->expect_message();
    }
    void peer_writes(std::string_view text) {
        REQUIRE(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
    }
    /// What has come to the peer by now, up to `most`.
    std::string peer_reads(std::size_t most = 1'000'000) const {
        std::string text(most, '\0');
        const auto n = ::recv(peer.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }
    Sent send(std::string_view text) const {
        TextBuffer message;
        message.append(text);
        return transport->write_with_round(message);
    }

    static void wake(Waiter& self, bool ready) {
        auto& end = static_cast<End&>(self);
        ++end.wakes;
        if (ready && end.then) end.then();
    }

    std::unique_ptr<Transport> transport;
    Descriptor peer;
    std::function<void()> then;
    int wakes = 0;
};

/// Two ends that become readable in one round.
struct TwoEnds {
    TwoEnds() {
        first.wait();
        second.wait();
        first.peer_writes("1");
        second.peer_writes("2");
    }
    Reactor reactor;
    End first{reactor};
    End second{reactor};
};

std::string read_all(Transport& transport) {
    std::array<char, 1000> space;
    std::string all;
    for (;;) {
        const auto read = transport.try_read(space);
        if (!read.is_done()) return all;
        all.append(space.data(), read.size);
    }
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
}

/// More than the sockets of a pair take together.
const std::size_t too_much = 600'000;

/// Reads at the peer, turn by turn, until nothing more comes.
std::string drained(Reactor& reactor, const End& end) {
    std::string all;
    for (int quiet = 0; quiet < 3;) {
        const auto part = end.peer_reads();
        quiet = part.empty() ? quiet + 1 : 0;
        all += part;
        reactor.turn(5ms);
    }
    return all;
}

task<> finish(Transport& transport, error_code& ec) {
    ec = co_await transport.finish_writing();
}

}  // namespace

TEST_CASE("messages of a round are sent at its end, in their order", "[net][round]") {
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    first.then = [&] {
        CHECK(first.send("Hello") == Sent::all);
        CHECK(first.send(", world") == Sent::all);
        CHECK(first.transport->bytes_sent() == 12);
    };
    second.then = [&] {
        CHECK(second.send("ahoy") == Sent::all);
        CHECK(first.peer_reads().empty());
        CHECK(second.peer_reads().empty());
    };
    reactor.turn(1s);
    CHECK(first.peer_reads() == "Hello, world");
    CHECK(second.peer_reads() == "ahoy");
    CHECK(first.transport->bytes_sent() == 12);
}

TEST_CASE("a message is sent at once where nothing else is to do", "[net][round]") {
    Reactor reactor;
    End end(reactor);
    end.then = [&] {
        CHECK(end.send("Hello") == Sent::all);
        CHECK(end.peer_reads() == "Hello");
    };
    end.wait();
    end.peer_writes("1");
    reactor.turn(1s);
    CHECK(end.wakes == 1);
    // Nor is it held between rounds.
    CHECK(end.send("again") == Sent::all);
    CHECK(end.peer_reads() == "again");
}

TEST_CASE("what is written otherwise comes behind what is held", "[net][round]") {
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    first.then = [&] {
        CHECK(first.send("Hello") == Sent::all);
        const std::array<std::string_view, 2> pieces = {"wor", "ld"};
        CHECK(first.transport->write(", ", pieces) == Sent::all);
        CHECK(first.peer_reads() == "Hello, world");
    };
    second.then = [&] {
        CHECK(second.send("bye") == Sent::all);
        second.transport->close();
        CHECK(second.peer_reads() == "bye");
    };
    reactor.turn(1s);
    CHECK(first.wakes + second.wakes == 2);
}

TEST_CASE("accepted connections are woken first", "[net][round]") {
    Reactor reactor;
    std::string order;
    std::vector<std::unique_ptr<End>> ends;
    for (int i = 0; i < 6; ++i) {
        const bool is_accepted = i % 2 == 1;
        ends.push_back(std::make_unique<End>(
            reactor, is_accepted ? Watch::Starts::accepted : Watch::Starts::connected));
        ends.back()->then = [&order, is_accepted] { order += is_accepted ? 'a' : 'c'; };
        ends.back()->wait();
        ends.back()->peer_writes("x");
    }
    reactor.turn(1s);
    CHECK(order == "aaaccc");
}

TEST_CASE("more than one round of events is handled in one turn", "[net][round]") {
    Reactor reactor;
    std::vector<std::unique_ptr<End>> ends;
    for (int i = 0; i < 50; ++i) {
        ends.push_back(std::make_unique<End>(reactor));
        auto& end = *ends.back();
        end.then = [&end] { CHECK(end.send("ahoy") == Sent::all); };
        end.wait();
        end.peer_writes("x");
    }
    reactor.turn(1s);
    for (const auto& end : ends) CHECK(end->peer_reads() == "ahoy");
}

TEST_CASE("what a socket does not take of a held message follows by itself", "[net][round]") {
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    const auto text = pattern(too_much);
    first.then = [&] {
        CHECK(read_all(*first.transport) == "1");
        CHECK(first.send(text) == Sent::all);
    };
    reactor.turn(1s);
    CHECK(first.transport->is_behind());
    CHECK(first.transport->bytes_sent() == text.size());
    CHECK(first.transport->bytes_taken() < text.size());
    auto sent = text.size();

    SECTION("alone") {
        CHECK(drained(reactor, first) == text);
    }
    SECTION("with another message behind it") {
        CHECK(first.send("Hello") == Sent::pending);
        error_code ec(1, boost::system::system_category());
        spawn(reactor, "finish", finish(*first.transport, ec));
        CHECK(drained(reactor, first) == text + "Hello");
        CHECK(ec == error_code());
        sent += 5;
    }
    SECTION("and can be waited for") {
        error_code ec(1, boost::system::system_category());
        spawn(reactor, "finish", finish(*first.transport, ec));
        CHECK_FALSE(first.transport->is_behind());
        CHECK(drained(reactor, first) == text);
        CHECK(ec == error_code());
    }
    SECTION("unless the wait is cancelled") {
        first.transport->cancel();
        reactor.turn(0ms);
        CHECK_FALSE(first.transport->is_behind());
        CHECK(first.transport->write_error());
        CHECK(first.send("Hello") == Sent::failed);
        return;
    }
    SECTION("unless the transport ends") {
        first.transport.reset();
        reactor.turn(0ms);
        return;
    }
    SECTION("unless the peer is gone") {
        first.wait();
        first.then = {};
        first.peer.close();
        for (int i = 0; i < 3; ++i) reactor.turn(5ms);
        CHECK(first.wakes == 2);
        CHECK(first.transport->write_error());
        CHECK_FALSE(first.transport->is_behind());
        return;
    }
    CHECK_FALSE(first.transport->is_behind());
    CHECK_FALSE(first.transport->write_error());
    CHECK(first.transport->bytes_sent() == sent);
}

TEST_CASE("who cannot be sent to wakes its reader", "[net][round]") {
    ::signal(SIGPIPE, SIG_IGN);
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    first.then = [&] {
        CHECK(read_all(*first.transport) == "1");
        CHECK(first.send("Hello") == Sent::all);
        first.wait();
        first.then = {};
        first.peer.close();  // after we were told that there is something to read
    };
    reactor.turn(1s);
    CHECK(first.wakes == 2);
    CHECK(first.transport->write_error());
    std::array<char, 10> space;
    CHECK(first.transport->try_read(space).is_ended());
    CHECK(first.send("more") == Sent::failed);
    // A peer that is known to be gone is never held for.
    CHECK(first.transport->has_hung_up());
}

TEST_CASE("bytes are read ahead for who expects a message", "[net][round]") {
    Reactor reactor;
    End first(reactor);
    End second(reactor);
    End third(reactor);
    std::array<End*, 3> all = {&first, &second, &third};
    for (auto* end : all) end->wait_for_message();
    const auto text = pattern(BufferPool::small + 10);
    first.peer_writes("Hello");
    second.peer_writes(text);
    third.peer_writes("not yet");
    first.then = [&] {
        const auto buffer = first.transport->take_ahead();
        CHECK(buffer.filled() == "Hello");
        CHECK_FALSE(first.transport->may_have_input());
        CHECK_FALSE(first.transport->has_ahead());
    };
    second.then = [&] {
        const auto buffer = second.transport->take_ahead();
        CHECK(buffer.filled() == text.substr(0, BufferPool::small));
        CHECK(second.transport->may_have_input());
        CHECK(read_all(*second.transport) == text.substr(BufferPool::small));
        // Whoever is cancelled, and reads later, gets the bytes nevertheless.
        third.transport->cancel();
    };
    reactor.turn(1s);
    CHECK(third.wakes == 1);
    third.peer_writes(", and now");
    third.then = {};
    std::array<char, 3> space;
    REQUIRE(third.transport->try_read(space).size == 3);
    CHECK(std::string_view(space.data(), 3) == "not");
    CHECK(read_all(*third.transport) == " yet");
    third.wait();
    reactor.turn(1s);
    CHECK(read_all(*third.transport) == ", and now");
}

TEST_CASE("nothing is read ahead for other waiters, nor where the stream ends", "[net][round]") {
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    End third(reactor);
    third.wait_for_message();
    third.peer_writes("3");
    third.peer.close();
    first.then = [&] {
        CHECK_FALSE(first.transport->has_ahead());
        CHECK(read_all(*first.transport) == "1");
    };
    third.then = [&] {
        CHECK_FALSE(third.transport->has_ahead());
        CHECK(read_all(*third.transport) == "3");
    };
    reactor.turn(1s);
    CHECK(first.wakes + second.wakes + third.wakes == 3);
}

TEST_CASE("what the kernel has said of one is known to all before anybody is woken",
          "[net][round]") {
    TwoEnds ends;
    bool is_known = false;
    ends.first.then = [&] { is_known = ends.second.transport->may_have_input(); };
    ends.reactor.turn(1s);
    CHECK(is_known);
}

TEST_CASE("who is taken back, or goes, while its wake-up is decided is not woken", "[net][round]") {
    ::signal(SIGPIPE, SIG_IGN);
    TwoEnds ends;
    auto& [reactor, first, second] = ends;
    auto gone = std::make_unique<End>(reactor);
    first.then = [&] {
        CHECK(read_all(*first.transport) == "1");
        first.wait();
        first.then = {};
        first.transport->cancel();  // decides a wake-up, for later
        first.transport->withdraw_reader(first);
        gone->wait();
        gone->transport->cancel();
        gone.reset();
    };
    reactor.turn(1s);
    CHECK(first.wakes == 1);
}
