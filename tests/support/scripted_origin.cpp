#include "tests/support/scripted_origin.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fairlead::test {

ScriptedOrigin::ScriptedOrigin(Script script) : script_(std::move(script)) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        throw std::runtime_error("bind");
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    address_ = model::Address::tcp("127.0.0.1", ntohs(name.sin_port));
    listen_on(fd);
}

ScriptedOrigin::ScriptedOrigin(const std::string& path, Script script)
    : script_(std::move(script)) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    ::unlink(path.c_str());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        throw std::runtime_error("bind");
    address_ = model::Address::unix_socket(path);
    listen_on(fd);
}

void ScriptedOrigin::listen_on(int descriptor) {
    listener_ = descriptor;
    if (::listen(listener_, 128) != 0) throw std::runtime_error("listen");
    acceptor_ = std::thread([this] { accept_loop(); });
}

void ScriptedOrigin::accept_loop() {
    while (!stopping_.load()) {
        pollfd waiting = {listener_, POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const int index = connections_.fetch_add(1);
        threads_.emplace_back([this, fd, index] {
            SocketPeer peer(fd, &ending_);
            script_(peer, index);
        });
    }
    ::close(listener_);
}

void ScriptedOrigin::stop_listening() {
    stopping_.store(true);
    if (acceptor_.joinable()) acceptor_.join();
}

ScriptedOrigin::~ScriptedOrigin() {
    stop_listening();
    ending_.store(true);
    for (auto& thread : threads_) thread.join();
    if (address_.kind == model::Address::Kind::unix_socket) ::unlink(address_.path.c_str());
}

ScriptedOrigin::Script ScriptedOrigin::answering(std::string body, std::string status) {
    return [body = std::move(body), status = std::move(status)](SocketPeer& peer, int) {
        for (std::string head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.read_body_of(head);
            if (!peer.send(response_text(body, status))) return;
        }
    };
}

ScriptedOrigin::Script ScriptedOrigin::echoing_heads() {
    return [](SocketPeer& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head())
            peer.send(response_text(head));
    };
}

std::string websocket_request(const std::string& target) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

std::string websocket_response() {
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
}

std::string response_text(const std::string& body, const std::string& status,
                          const std::string& fields) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           fields + "\r\n" + body;
}

}  // namespace fairlead::test
