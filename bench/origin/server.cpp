#include "bench/origin/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace fairlead::bench {

namespace {

// Keys of what is not a client; clients count from first_client on.
constexpr std::uint64_t signal_key = 0;
constexpr std::uint64_t first_listener = 1;
constexpr std::uint64_t first_client = 1024;

/// As process 1 of a container a signal without a handler would be ignored; blocked and read from a
/// descriptor it is not.
Fd open_signals() {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    return Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace

OriginServer::OriginServer(OriginSettings settings)
    : settings_(std::move(settings)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      signals_(open_signals()),
      next_client_(first_client) {
    facts_.name = settings_.name;
}

void OriginServer::watch(int fd, std::uint64_t key, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

bool OriginServer::listen() {
    for (const auto& address : settings_.listen) {
        auto listener = listen_on(address);
        if (!listener) {
            std::fprintf(stderr, "cannot listen on %s: %s\n", address.to_string().c_str(),
                         std::strerror(errno));
            return false;
        }
        watch(listener.get(), first_listener + listeners_.size(), EPOLLIN);
        std::printf("%s listening on %s\n", settings_.name.c_str(),
                    bound_address(listener, address).to_string().c_str());
        listeners_.push_back(std::move(listener));
    }
    std::fflush(stdout);
    return true;
}

int OriginServer::run() {
    if (!listen()) return 1;
    watch(signals_.get(), signal_key, EPOLLIN);
    std::array<epoll_event, 256> events{};
    while (!finished()) {
        const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   wait_milliseconds());
        for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i) {
            const auto key = events[i].data.u64;
            if (key == signal_key)
                on_signal();
            else if (key >= first_client)
                serve(key, events[i].events);
            else if (key - first_listener < listeners_.size())
                accept_from(listeners_[key - first_listener]);
        }
        fire_timers();
    }
    return 0;
}

void OriginServer::accept_from(const Fd& listener) {
    for (int i = 0; i < 64; ++i) {
        Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) return;
        disable_nagle(socket);
        const auto id = next_client_++;
        auto client = std::make_unique<Client>(Connection(std::move(socket), facts_));
        client->events = client->connection.wanted_events();
        watch(client->connection.descriptor(), id, client->events);
        clients_.emplace(id, std::move(client));
    }
}

void OriginServer::on_signal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return;
    const bool again = facts_.stopping;
    if (again || settings_.on_term == OriginSettings::OnTerm::exit)
        exit_now_ = true;
    else
        begin_stopping();
}

void OriginServer::begin_stopping() {
    facts_.stopping = true;
    exit_at_ = Clock::now() + settings_.term_delay;
    listeners_.clear();
    for (const auto& address : settings_.listen) {
        if (address.is_unix()) ::unlink(address.unix_path.c_str());
    }
    std::erase_if(clients_, [](const auto& entry) { return entry.second->connection.idle(); });
    std::printf("%s refuses connections\n", settings_.name.c_str());
    std::fflush(stdout);
}

void OriginServer::serve(std::uint64_t id, std::uint32_t events) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    auto& client = *found->second;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        clients_.erase(found);
        return;
    }
    if ((events & EPOLLIN) != 0) client.connection.on_readable();
    if ((events & EPOLLOUT) != 0 && !client.connection.dead()) client.connection.on_writable();
    update(id, client);
}

void OriginServer::update(std::uint64_t id, Client& client) {
    auto& connection = client.connection;
    if (connection.dead()) {
        clients_.erase(id);
        return;
    }
    if (const auto wanted = connection.wanted_events(); wanted != client.events) {
        epoll_event event{};
        event.events = client.events = wanted;
        event.data.u64 = id;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.descriptor(), &event);
    }
    const auto timer = connection.timer().value_or(Clock::time_point::max());
    if (timer != client.timer) {
        client.timer = timer;
        if (connection.timer()) timers_.push({timer, id});
    }
}

void OriginServer::fire_timers() {
    if (timers_.empty()) return;
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.top().at <= now) {
        const auto due = timers_.top();
        timers_.pop();
        const auto found = clients_.find(due.client);
        if (found == clients_.end() || found->second->timer != due.at) continue;
        found->second->connection.on_timer();
        update(due.client, *found->second);
    }
}

bool OriginServer::finished() const {
    if (exit_now_) return true;
    return facts_.stopping && clients_.empty() && Clock::now() >= exit_at_;
}

int OriginServer::wait_milliseconds() const {
    auto next = timers_.empty() ? Clock::time_point::max() : timers_.top().at;
    // With requests still in flight past the delay there is nothing to wake up for.
    if (facts_.stopping && clients_.empty()) next = std::min(next, exit_at_);
    if (next == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left, 0));
}

}  // namespace fairlead::bench
