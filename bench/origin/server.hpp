// The origin's event loop: listeners, connections, timers and signals on one epoll.
//
// Threads: one.
#pragma once

#include "bench/common/socket.hpp"
#include "bench/origin/connection.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace fairlead::bench {

struct OriginSettings {
    enum class OnTerm : std::uint8_t {
        refuse,  // close the listeners at once, finish what is in flight
        exit,    // drop everything
    };

    std::vector<SocketAddress> listen;
    std::string name = "origin";
    OnTerm on_term = OnTerm::refuse;
    std::chrono::milliseconds term_delay{2000};  // refuse for at least this long before exiting
};

class OriginServer {
public:
    explicit OriginServer(OriginSettings settings);

    /// Serves until a signal ends it; the exit status.
    int run();

private:
    using Clock = Connection::Clock;
    struct Client {
        explicit Client(Connection opened) : connection(std::move(opened)) {}
        Connection connection;
        std::uint32_t events = 0;  // registered with epoll
        Clock::time_point timer = Clock::time_point::max();
    };
    struct Due {
        Clock::time_point at;
        std::uint64_t client;
        bool operator>(const Due& other) const noexcept { return at > other.at; }
    };

    bool listen();
    void watch(int fd, std::uint64_t key, std::uint32_t events) const;
    void accept_from(const Fd& listener);
    void on_signal();
    void begin_stopping();
    void serve(std::uint64_t id, std::uint32_t events);
    void update(std::uint64_t id, Client& client);
    void fire_timers();
    bool finished() const;
    int wait_milliseconds() const;

    OriginSettings settings_;
    OriginFacts facts_;
    Fd epoll_;
    Fd signals_;
    std::vector<Fd> listeners_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
    std::uint64_t next_client_ = 0;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> timers_;
    Clock::time_point exit_at_ = Clock::time_point::max();
    bool exit_now_ = false;
};

}  // namespace fairlead::bench
