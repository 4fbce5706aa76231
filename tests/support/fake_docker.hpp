// A container engine's API on a Unix socket, scripted by a test: what a real engine cannot be made
// to do on purpose (cut streams, broken bodies, events between two answers).
//
// Threads: one io_context's; it outlives all that runs there.
#pragma once

#include "proxy/aio/types.hpp"

#include <csignal>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::testing {

struct FakeContainer {
    std::string id;
    std::string service;  // host SERVICE.org
    std::string status = "running";
    std::string started = "2026-01-01T00:00:01Z";
    int host_port = 40000;
    std::string health = {};  // "starting", "healthy", "unhealthy"; empty: no check
    std::string stop_signal = {};
    std::map<std::string, std::string> labels = {};
};

class FakeDocker {
public:
    struct Answer {
        unsigned status = 200;
        std::string body;
    };
    /// Called for each request first; an answer here replaces the right one. May emit events.
    using Hook = std::function<std::optional<Answer>(const std::string& target)>;

    explicit FakeDocker(aio::IoContext& context);
    ~FakeDocker();

    const std::string& path() const noexcept { return path_; }

    void listen();
    /// Closes the socket's file and every connection; listen() brings it back.
    void vanish();

    std::map<std::string, FakeContainer> containers;
    Hook hook;
    std::vector<std::string> requests;  // targets, in order

    std::size_t streams() const noexcept { return streams_.size(); }
    /// `second` counts from 2026-01-01T00:00:00Z, as the containers' start does.
    void emit(const std::string& action, const std::string& id, int second,
              std::optional<int> signal = std::nullopt);
    void emit_line(const std::string& line);
    /// Sends one line of that many bytes without an end to the first stream, then closes it.
    void flood(std::size_t bytes);
    void cut_streams();

    std::size_t asked(const std::string& prefix) const;

private:
    aio::task<> accept();
    aio::task<> serve(aio::stream_socket socket);
    aio::task<> write_endless_line(std::size_t bytes);
    Answer answer(const std::string& target) const;

    aio::IoContext& context_;
    std::string folder_;
    std::string path_;
    std::optional<aio::acceptor> acceptor_;
    std::list<aio::stream_socket> streams_;
};

}  // namespace fairlead::testing
