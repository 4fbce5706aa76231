#include "tests/support/socket_peer.hpp"

#include "proxy/base/ascii.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace fairlead::test {

SocketPeer::SocketPeer(int descriptor, const std::atomic<bool>* ending)
    : descriptor_(descriptor), ending_(ending) {
    const timeval limit = {patience.count(), 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

SocketPeer::SocketPeer(SocketPeer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      ending_(other.ending_),
      ahead_(std::move(other.ahead_)) {}

SocketPeer& SocketPeer::operator=(SocketPeer&& other) noexcept {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    ending_ = other.ending_;
    ahead_ = std::move(other.ahead_);
    return *this;
}

SocketPeer::~SocketPeer() {
    close();
}

SocketPeer SocketPeer::connect_tcp(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("cannot connect to 127.0.0.1:" + std::to_string(port));
    }
    return SocketPeer(fd);
}

SocketPeer SocketPeer::connect_unix(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("cannot connect to " + path);
    }
    return SocketPeer(fd);
}

void SocketPeer::shrink_buffers() {
    const int size = 4096;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

bool SocketPeer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool SocketPeer::wait_readable() const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (descriptor_ >= 0 && std::chrono::steady_clock::now() < deadline) {
        pollfd waiting = {descriptor_, POLLIN, 0};
        if (::poll(&waiting, 1, 20) > 0) return true;
        if (ending_ != nullptr && ending_->load()) break;
    }
    return false;
}

bool SocketPeer::fill() {
    if (!wait_readable()) return false;
    char chunk[16384];
    const auto n = ::recv(descriptor_, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    ahead_.append(chunk, static_cast<std::size_t>(n));
    return true;
}

std::string SocketPeer::read_head() {
    for (;;) {
        const auto end = ahead_.find("\r\n\r\n");
        if (end != std::string::npos) {
            std::string head = ahead_.substr(0, end + 4);
            ahead_.erase(0, end + 4);
            return head;
        }
        if (!fill()) return "";
    }
}

std::string SocketPeer::read_exactly(std::size_t n) {
    while (ahead_.size() < n && fill()) {
    }
    std::string bytes = ahead_.substr(0, n);
    ahead_.erase(0, bytes.size());
    return bytes;
}

std::string SocketPeer::read_to_end() {
    while (fill()) {
    }
    return std::exchange(ahead_, "");
}

std::string SocketPeer::read_some() {
    if (ahead_.empty()) fill();
    return std::exchange(ahead_, "");
}

std::string SocketPeer::read_body_of(const std::string& head,
                                     std::map<std::string, std::string>* trailers, bool* complete) {
    const auto fields = fields_of(head);
    bool whole = true;
    std::string body;
    if (const auto length = fields.find("content-length"); length != fields.end()) {
        const auto size = std::stoul(length->second);
        body = read_exactly(size);
        whole = body.size() == size;
    } else if (fields.contains("transfer-encoding")) {
        const auto read_line = [&] {
            while (ahead_.find("\r\n") == std::string::npos && fill()) {
            }
            const auto end = ahead_.find("\r\n");
            std::string line = ahead_.substr(0, end);
            ahead_.erase(0, end == std::string::npos ? ahead_.size() : end + 2);
            whole = whole && end != std::string::npos;
            return line;
        };
        for (;;) {
            const std::string line = read_line();
            if (!whole) break;
            const auto size = std::stoul(line, nullptr, 16);
            if (size == 0) break;
            const auto data = read_exactly(size + 2);
            whole = data.size() == size + 2;
            body += data.substr(0, size);
            if (!whole) break;
        }
        for (std::string line = whole ? read_line() : ""; !line.empty(); line = read_line()) {
            const auto colon = line.find(": ");
            if (trailers != nullptr && colon != std::string::npos) {
                (*trailers)[ascii::lower(line.substr(0, colon))] = line.substr(colon + 2);
            }
        }
    }
    if (complete != nullptr) *complete = whole;
    return body;
}

Response SocketPeer::read_response(std::string_view method) {
    Response response;
    response.head = read_head();
    if (response.head.size() < 12) return response;
    response.status = std::stoi(response.head.substr(9, 3));
    response.fields = fields_of(response.head);
    const bool bodiless = method == "HEAD" || response.status < 200 || response.status == 204 ||
                          response.status == 304;
    if (bodiless) {
        response.complete = true;
    } else if (response.fields.contains("content-length") ||
               response.fields.contains("transfer-encoding")) {
        response.body = read_body_of(response.head, &response.trailers, &response.complete);
    } else {
        response.body = read_to_end();
        response.complete = true;
    }
    return response;
}

Response SocketPeer::exchange(std::string_view request, std::string_view method) {
    send(request);
    return read_response(method);
}

bool SocketPeer::is_closed_by_peer() {
    char byte = 0;
    return ahead_.empty() && wait_readable() && ::recv(descriptor_, &byte, 1, 0) == 0;
}

void SocketPeer::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void SocketPeer::reset() {
    const linger now = {1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void SocketPeer::shut_down_writing() {
    ::shutdown(descriptor_, SHUT_WR);
}

std::map<std::string, std::string> fields_of(const std::string& head) {
    std::map<std::string, std::string> fields;
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos && at + 2 < head.size()) {
        const auto end = head.find("\r\n", at + 2);
        const auto line = head.substr(at + 2, end - at - 2);
        const auto colon = line.find(':');
        if (colon != std::string::npos) {
            const auto name = ascii::lower(line.substr(0, colon));
            const std::string value(ascii::trim(line.substr(colon + 1)));
            fields[name] = fields.contains(name) ? fields[name] + ", " + value : value;
        }
        at = end;
    }
    return fields;
}

}  // namespace fairlead::test
