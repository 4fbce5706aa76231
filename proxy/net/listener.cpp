#include "proxy/net/listener.hpp"

#include "proxy/base/clock.hpp"
#include "proxy/base/log.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/net/spawn.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fairlead::net {
namespace {

constexpr int backlog = 4096;  // the kernel lowers it to net.core.somaxconn
constexpr Duration accept_backoff = 50ms;

Problem cannot_listen(const model::Address& address, int error) {
    return problem("cannot listen on {}: {}", to_string(address), std::strerror(error));
}

/// A socket file that nobody listens on any more is left over from an earlier run.
void remove_stale_socket(const stream_protocol::endpoint& endpoint, const std::string& path) {
    struct stat info = {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return;
    const auto* const name = static_cast<const sockaddr*>(endpoint.data());
    if (::connect(probe, name, static_cast<socklen_t>(endpoint.size())) != 0 &&
        errno == ECONNREFUSED) {
        ::unlink(path.c_str());
    }
    ::close(probe);
}

struct OpenOptions {
    bool reuse_port = false;
    bool listens = true;
};

/// A bound socket, or -1 with errno set.
int open_socket(const stream_protocol::endpoint& endpoint, OpenOptions options) {
    const auto* const name = static_cast<const sockaddr*>(endpoint.data());
    const int fd = ::socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (options.reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (name->sa_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const bool bound = ::bind(fd, name, static_cast<socklen_t>(endpoint.size())) == 0;
    if (bound && (!options.listens || ::listen(fd, backlog) == 0)) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

void close_all(const std::vector<int>& descriptors) {
    for (const int fd : descriptors) ::close(fd);
}

}  // namespace

Checked<BoundListener> bind_listener(const model::Address& address, std::size_t workers) {
    auto endpoint = endpoint_of(address);
    if (!endpoint) {
        return problem(
            "cannot listen on {}: a listener needs a numeric address, such as 0.0.0.0:8080",
            to_string(address));
    }
    BoundListener bound;
    bound.address = address;
    if (address.kind == model::Address::Kind::unix_socket) {
        remove_stale_socket(*endpoint, address.path);
        const int fd = open_socket(*endpoint, OpenOptions{});
        if (fd < 0) return cannot_listen(address, errno);
        bound.descriptors.push_back(fd);
        while (bound.descriptors.size() < workers) bound.descriptors.push_back(::dup(fd));
        return bound;
    }
    // With SO_REUSEPORT a second process could bind the same address and take half of the traffic;
    // a socket without it finds that out.
    OpenOptions alone;
    alone.listens = false;
    const int probe = open_socket(*endpoint, alone);
    if (probe < 0) return cannot_listen(address, errno);
    ::close(probe);

    OpenOptions shared;
    shared.reuse_port = true;
    while (bound.descriptors.size() < workers) {
        const int fd = open_socket(*endpoint, shared);
        if (fd < 0) {
            const int error = errno;
            close_all(bound.descriptors);
            return cannot_listen(address, error);
        }
        bound.descriptors.push_back(fd);
        *endpoint = local_endpoint(fd);  // port 0 is now a real one, for the next worker as well
    }
    bound.address = address_of(*endpoint);
    return bound;
}

Listener::Listener(IoContext& io, Reactor& reactor, int descriptor, const model::Address& address,
                   Accepted accepted, Failed failed)
    : reactor_(reactor),
      socket_(descriptor),
      backoff_(io),
      name_(to_string(address)),
      accepted_(std::move(accepted)),
      failed_(std::move(failed)) {}

void Listener::start() {
    if (watch_.begin(reactor_, socket_.get(), Watch::Starts::blocked)) {
        spawn(reactor_.get_executor(), "listener", run());
    }
}

void Listener::drain() {
    accept_queued();
    close();
}

void Listener::close() {
    // Explicitly: a Unix socket's duplicates on other workers keep the kernel's entry alive.
    watch_.forget();
    socket_.close();
    backoff_.cancel();
}

bool Listener::accept_queued() {
    while (socket_) {
        stream_protocol::endpoint peer;
        auto size = static_cast<socklen_t>(peer.capacity());
        auto* const name = static_cast<sockaddr*>(peer.data());
        Descriptor accepted(::accept4(socket_.get(), name, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted) {
            peer.resize(size);
            accepted_(std::move(accepted), peer);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;  // the client changed its mind
        if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
        log::warn("listener.accept_failed", log::kv("listener", name_),
                  log::kv("error", std::strerror(errno)));
        failed_();
        return false;
    }
    return true;
}

task<> Listener::run() {
    for (;;) {
        const bool ready = co_await watch_.readable();
        if (!ready) break;
        if (accept_queued()) {
            watch_.exhausted();
            continue;
        }
        // The queue waits in the kernel; some descriptors may be free then.
        backoff_.expires_after(accept_backoff);
        co_await backoff_.async_wait();
    }
}

}  // namespace fairlead::net
