// The three questions we ask a container engine: who is there, what is this one, what happens.
//
// A connection a question: the socket is local, and a connection that is never reused cannot be
// found closed. Every answer has a time limit and a size limit; whatever comes back, the outcome is
// a value or a sentence.
//
// Threads: control.
#pragma once

#include "discovery/docker_connection.hpp"
#include "discovery/docker_json.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fairlead::discovery {

class DockerClient {
public:
    struct Limits {
        model::Milliseconds timeout = 10s;      // for a whole answer, or the event stream's head
        std::size_t answer = 64 * 1024 * 1024;  // a list of some ten thousand containers
        std::size_t event = 1024 * 1024;        // one line
    };

    DockerClient(aio::executor executor, std::string socket);
    DockerClient(aio::executor executor, std::string socket, Limits limits);

    aio::task<Checked<std::vector<ListedContainer>>> list();

    /// Empty: the engine knows no such container.
    aio::task<Checked<std::optional<ContainerFacts>>> inspect(std::string id);

    /// Opens the event stream, from the engine's memory of `since` on. Until it is open, no other
    /// call may use it; one at a time.
    aio::task<Checked<>> subscribe(WallTime since);

    /// The next event. A line that makes no sense is an event with action `other` and no name, to
    /// be taken as "anything may have happened"; a failure is the end of the stream.
    aio::task<Checked<DockerEvent>> next_event();

    void close_events();
    /// Fails whatever is under way, for good.
    void close();

private:
    struct Answer {
        unsigned status = 0;
        std::string body;
    };
    aio::task<Checked<Answer>> ask(std::string target);

    aio::executor executor_;
    std::string socket_;
    Limits limits_;
    bool is_closed_ = false;
    std::set<DockerConnection*> open_;  // by the coroutines that own them
    std::unique_ptr<DockerConnection> events_;
    std::string unread_;  // of the event stream
};

}  // namespace fairlead::discovery
