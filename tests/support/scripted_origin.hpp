// An endpoint that does what a test tells it, connection by connection, however rude.
#pragma once

#include "proxy/model/address.hpp"
#include "tests/support/socket_peer.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::test {

class ScriptedOrigin {
public:
    /// Runs on a thread of its own for each connection; `index` counts connections from 0.
    using Script = std::function<void(SocketPeer& peer, int index)>;

    /// Listens on 127.0.0.1, on a port that the kernel chooses.
    explicit ScriptedOrigin(Script script);
    /// Listens on a Unix socket.
    ScriptedOrigin(const std::string& path, Script script);
    ~ScriptedOrigin();

    /// Answers every request on every connection with that status and body.
    static Script answering(std::string body, std::string status = "200 OK");
    /// Answers every request with its head.
    static Script echoing_heads();

    model::Address address() const { return address_; }
    int connections() const noexcept { return connections_.load(); }

    /// No more connections; those there are go on.
    void stop_listening();

private:
    void listen_on(int descriptor);
    void accept_loop();

    Script script_;
    model::Address address_;
    int listener_ = -1;
    std::atomic<bool> stopping_{false};
    std::atomic<int> connections_{0};
    std::vector<std::thread> threads_;
    std::atomic<bool> ending_{false};  // scripts that still read get nothing more
    std::thread acceptor_;
};

/// The handshake of RFC 6455 1.3: what a client asks, and the answer to it.
std::string websocket_request(const std::string& target);
std::string websocket_response();

/// A small response with a length.
std::string response_text(const std::string& body, const std::string& status = "200 OK",
                          const std::string& fields = "");

}  // namespace fairlead::test
