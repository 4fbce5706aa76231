// fairlead-relay: copies bytes between each client and a connection of its own to the target,
// knowing no HTTP. The floor of the benchmark: what epoll, recv and send cost when nothing is
// thought about.
#include "bench/common/options.hpp"
#include "bench/common/socket.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace fairlead::bench {
namespace {

/// One of the two ends of a relayed connection.
struct End {
    Fd socket;
    End* other = nullptr;
    std::string unsent;  // for this socket, while it takes no more
    bool connected = false;
    bool gone = false;
};

struct Pair {
    End client;
    End target;
};

class Relay {
public:
    Relay(const SocketAddress& listen, SocketAddress target)
        : target_(std::move(target)),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          listener_(listen_on(listen)) {
        if (!listener_) usage_error("cannot listen: " + std::string(std::strerror(errno)));
        watch(listener_, nullptr, EPOLLIN);
        std::printf("relay listening on %s\n",
                    bound_address(listener_, listen).to_string().c_str());
        std::fflush(stdout);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            const int n =
                ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
            for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i) {
                auto* end = static_cast<End*>(events[i].data.ptr);
                if (end == nullptr)
                    accept_clients();
                else if (!end->gone)
                    serve(*end, events[i].events);
            }
            // Later events of the same batch may name them: ends live until it is over.
            std::erase_if(pairs_, [](const auto& pair) { return pair->client.gone; });
        }
    }

private:
    void watch(const Fd& socket, End* end, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.ptr = end;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
    }

    void accept_clients() {
        for (;;) {
            Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!client) return;
            Fd target = connect_to(target_);
            if (!target) continue;
            disable_nagle(client);
            auto pair = std::make_unique<Pair>();
            pair->client = {std::move(client), &pair->target, {}, true, false};
            pair->target = {std::move(target), &pair->client, {}, false, false};
            // Edge-triggered: each socket is registered once and never again.
            constexpr std::uint32_t both_ways = EPOLLIN | EPOLLOUT | EPOLLET;
            watch(pair->client.socket, &pair->client, both_ways);
            watch(pair->target.socket, &pair->target, both_ways);
            pairs_.push_back(std::move(pair));
        }
    }

    void serve(End& end, std::uint32_t events) {
        if ((events & EPOLLERR) != 0) return drop(end);
        if ((events & EPOLLOUT) != 0) {
            end.connected = true;
            if (!end.unsent.empty()) {
                send(end, std::exchange(end.unsent, {}));
                if (!end.gone && end.unsent.empty()) copy(*end.other);  // it was held back
            }
        }
        if (!end.gone && (events & (EPOLLIN | EPOLLHUP)) != 0) copy(end);
    }

    /// Everything that can be read of `from`, unless the other side is behind.
    void copy(End& from) {
        static std::array<char, 64 * 1024> buffer;
        while (!from.gone && from.other->unsent.empty()) {
            const auto n = ::recv(from.socket.get(), buffer.data(), buffer.size(), 0);
            if (n == 0 || (n < 0 && errno != EAGAIN)) return drop(from);
            if (n < 0) return;
            send(*from.other, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
            if (static_cast<std::size_t>(n) < buffer.size()) return;
        }
    }

    void send(End& to, std::string_view bytes) {
        while (to.connected && !bytes.empty()) {
            const auto n = ::send(to.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN) break;
            if (n < 0) return drop(to);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        to.unsent += bytes;
    }

    void drop(End& end) {
        for (End* each : {&end, end.other}) {
            each->gone = true;
            each->socket.reset();
        }
    }

    SocketAddress target_;
    Fd epoll_;
    Fd listener_;
    std::vector<std::unique_ptr<Pair>> pairs_;
};

SocketAddress address_option(const Option& option) {
    auto address = parse_address(option.value);
    if (!address)
        usage_error(option.name + ": '" + option.value + "' is not ADDR:PORT or unix:PATH");
    return *std::move(address);
}

int run(int argc, char** argv) {
    std::optional<SocketAddress> listen = parse_address("127.0.0.1:0");
    std::optional<SocketAddress> target;
    for (const auto& option : parse_options(argc, argv, {"--help"})) {
        if (option.name == "--listen")
            listen = address_option(option);
        else if (option.name == "--target")
            target = address_option(option);
        else if (option.name == "--help") {
            std::printf(
                "usage: fairlead-relay --listen ADDR:PORT|unix:PATH --target "
                "ADDR:PORT|unix:PATH\n");
            return 0;
        } else
            usage_error("unknown: " + option.name + option.value);
    }
    if (!target) usage_error("--target is required");
    ::signal(SIGPIPE, SIG_IGN);
    Relay(*listen, *target).run();
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    return fairlead::bench::run(argc, argv);
}
