// One request to a container engine over its Unix socket, and its answer read piece by piece.
//
// Threads: control. The coroutine that uses it owns it; close() may be called by anyone on the
// thread.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace fairlead::discovery {

class DockerConnection {
public:
    DockerConnection(aio::executor executor, std::string socket);
    ~DockerConnection();
    DockerConnection(const DockerConnection&) = delete;
    DockerConnection& operator=(const DockerConnection&) = delete;

    /// Connects, sends GET `target` and reads the answer's head. Gives its status.
    aio::task<Checked<unsigned>> get(std::string target);

    /// Appends what comes next to `into`. False: the answer has ended, as its framing says.
    aio::task<Checked<bool>> read_some(std::string& into);

    /// The rest of the answer, at most `limit` bytes.
    aio::task<Checked<std::string>> read_all(std::size_t limit);

    /// What is under way fails once `timeout` has passed; zero: it may take for ever.
    void expires_after(model::Milliseconds timeout);

    /// What is under way, and all that follows, fails at once.
    void close();

private:
    struct Wire;

    Problem failed(std::string_view doing, aio::error_code ec) const;

    std::string path_;
    // Shared with the timer's handler only, which may be queued already when this is destroyed.
    std::shared_ptr<Wire> wire_;
};

}  // namespace fairlead::discovery
