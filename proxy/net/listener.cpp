#include "proxy/net/listener.hpp"

#include "proxy/base/clock.hpp"
#include "proxy/base/log.hpp"
#include "proxy/net/socket.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/filter.h>
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

struct OpenOptions {
    bool reuse_port = false;
    bool listens = true;
    const char* path = nullptr;  // of a Unix socket
    unsigned mode = 0;           // of its file
};

/// A bound socket, or -1 with errno set.
int open_socket(const SocketAddress& address, OpenOptions options) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (options.reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    tune(fd, address);
    const bool bound = ::bind(fd, address.data(), address.size()) == 0 &&
                       (options.path == nullptr || ::chmod(options.path, options.mode) == 0);
    if (bound && (!options.listens || ::listen(fd, backlog) == 0)) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

/// From here on a TCP socket's SYNs are dropped, while handshakes under way end. Whoever sent one
/// tries again a second later, and is refused or finds the next process.
void drop_new_handshakes(int fd) {
    constexpr std::uint32_t flags_at = 13;  // in the TCP header, where a socket's filter begins
    constexpr std::uint32_t syn = 0x02;
    constexpr std::uint32_t whole = 0xffffffff;
    std::array<sock_filter, 4> program = {{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, whole),
    }};
    const sock_fprog filter = {program.size(), program.data()};
    ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);  // else: as it was
}

bool is_unix_socket(int fd) {
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain == AF_UNIX;
}

void close_all(const std::vector<int>& descriptors) {
    for (const int fd : descriptors) ::close(fd);
}

}  // namespace

void remove_stale_socket(const model::Address& address) {
    struct stat info = {};
    const char* const path = address.path.c_str();
    if (address.kind != model::Address::Kind::unix_socket) return;
    if (::stat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    const auto socket_address = socket_address_of(address);
    // Where its queue is full somebody listens; we do not wait for him.
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), socket_address->data(), socket_address->size()) != 0 &&
        errno == ECONNREFUSED)
        ::unlink(path);
}

Checked<BoundListener> bind_listener(const model::Address& address, std::size_t workers,
                                     unsigned mode) {
    auto socket_address = socket_address_of(address);
    if (!socket_address) {
        return problem(
            "cannot listen on {}: a listener needs a numeric address, such as 0.0.0.0:8080",
            to_string(address));
    }
    BoundListener bound;
    bound.address = address;
    if (address.kind == model::Address::Kind::unix_socket) {
        remove_stale_socket(address);
        OpenOptions local;
        local.path = address.path.c_str();
        local.mode = mode;
        const int fd = open_socket(*socket_address, local);
        if (fd < 0) return cannot_listen(address, errno);
        bound.descriptors.push_back(fd);
        while (bound.descriptors.size() < workers) bound.descriptors.push_back(::dup(fd));
        return bound;
    }
    // With SO_REUSEPORT a second process could bind the same address and take half of the traffic;
    // a socket without it finds that out.
    OpenOptions alone;
    alone.listens = false;
    const int probe = open_socket(*socket_address, alone);
    if (probe < 0) return cannot_listen(address, errno);
    ::close(probe);

    OpenOptions shared;
    shared.reuse_port = true;
    while (bound.descriptors.size() < workers) {
        const int fd = open_socket(*socket_address, shared);
        if (fd < 0) {
            const int error = errno;
            close_all(bound.descriptors);
            return cannot_listen(address, error);
        }
        bound.descriptors.push_back(fd);
        // Port 0 is now a real one, for the next worker as well.
        *socket_address = local_address(fd);
    }
    bound.address = address_of(*socket_address);
    return bound;
}

Listener::Listener(Reactor& reactor, int descriptor, const model::Address& address,
                   Accepted accepted, Failed failed)
    : reactor_(reactor),
      socket_(descriptor),
      arrivals_(*this),
      backoff_(reactor.wheel(), &Listener::try_again, this),
      name_(to_string(address)),
      accepted_(std::move(accepted)),
      failed_(std::move(failed)) {}

void Listener::start() {
    watch_.begin(reactor_, socket_.get(), Watch::Starts::accepted);
    accept_and_wait();
}

void Listener::refuse_new() {
    if (!socket_) return;
    if (is_unix_socket(socket_.get()))
        ::shutdown(socket_.get(), SHUT_RD);  // a connect is in the queue at once, or refused
    else
        drop_new_handshakes(socket_.get());
}

void Listener::drain() {
    accept_queued();
    close();
}

void Listener::close() {
    // Explicitly: a Unix socket's duplicates on other workers keep the kernel's entry alive.
    watch_.forget();
    socket_.close();
    backoff_.disarm();
}

void Listener::Arrivals::wake(Waiter& waiter, bool ready) {
    auto& listener = static_cast<Arrivals&>(waiter).listener;
    if (ready) listener.accept_and_wait();
}

void Listener::try_again(void* self) {
    static_cast<Listener*>(self)->accept_and_wait();
}

void Listener::accept_and_wait() {
    if (!socket_) return;
    if (!accept_queued()) {
        // The queue waits in the kernel; some descriptors may be free then.
        backoff_.arm(accept_backoff);
        return;
    }
    watch_.exhausted();
    watch_.wake_when_readable(arrivals_);
}

bool Listener::accept_queued() {
    while (socket_) {
        SocketAddress peer;
        socklen_t size = SocketAddress::capacity();
        Descriptor accepted(
            ::accept4(socket_.get(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted) {
            peer.resize(size);
            accepted_(std::move(accepted), peer);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;  // the client changed its mind
        if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
        if (errno == EINVAL) return true;  // shut down, by us or by the worker that shares it
        log::warn("listener.accept_failed", log::kv("listener", name_),
                  log::kv("error", std::strerror(errno)));
        failed_();
        return false;
    }
    return true;
}

}  // namespace fairlead::net
