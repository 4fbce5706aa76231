// A blocking socket for tests: either end of a connection, with a deadline on everything it does.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::test {

/// A response as a client saw it. `complete` is false where the connection ended too early.
struct Response {
    int status = 0;
    std::string head;                           // status line and fields, without the empty line
    std::map<std::string, std::string> fields;  // names in lower case
    std::string body;                           // decoded
    std::map<std::string, std::string> trailers;
    bool complete = false;
};

class SocketPeer {
public:
    /// Longer than anything on loopback takes, shorter than a test's patience.
    static constexpr std::chrono::seconds patience{10};

    SocketPeer() = default;
    /// `ending`: reading gives up when it becomes true; may be null.
    explicit SocketPeer(int descriptor, const std::atomic<bool>* ending = nullptr);
    SocketPeer(SocketPeer&& other) noexcept;
    SocketPeer& operator=(SocketPeer&& other) noexcept;
    ~SocketPeer();

    static SocketPeer connect_tcp(std::uint16_t port);
    static SocketPeer connect_unix(const std::string& path);

    bool is_open() const noexcept { return descriptor_ >= 0; }
    int descriptor() const noexcept { return descriptor_; }
    /// Once, before the first write.
    void shrink_buffers();

    /// False where the other side is gone.
    bool send(std::string_view bytes);
    /// Up to and with the empty line; "" where the connection ended first.
    std::string read_head();
    /// Exactly `n` bytes, or what came before the end.
    std::string read_exactly(std::size_t n);
    std::string read_to_end();
    /// One byte or more; "" at the end.
    std::string read_some();
    /// The decoded body of a message with that head.
    std::string read_body_of(const std::string& head,
                             std::map<std::string, std::string>* trailers = nullptr,
                             bool* complete = nullptr);
    Response read_response(std::string_view method = "GET");
    /// Sends and reads one response.
    Response exchange(std::string_view request, std::string_view method = "GET");
    /// Whether the other side closes within the patience, without sending anything more.
    bool is_closed_by_peer();

    void close();
    /// RST.
    void reset();
    void shut_down_writing();

private:
    bool wait_readable() const;
    bool fill();

    int descriptor_ = -1;
    const std::atomic<bool>* ending_ = nullptr;
    std::string ahead_;
};

/// Fields of a head by lower-case name; repeated ones joined by ", ".
std::map<std::string, std::string> fields_of(const std::string& head);

}  // namespace fairlead::test
