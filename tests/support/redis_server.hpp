// A real redis-server of a test's own, on a Unix socket and, where asked for, a TCP port.
//
// Threads: the test's.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace fairlead::test {

/// A port that nobody listens on now.
std::uint16_t free_port();

class RedisServer {
public:
    /// `folder`: for its socket and log. Not started yet. `extra`: more arguments. `file`: its
    /// configuration, which a sentinel cannot do without.
    RedisServer(std::string folder, std::vector<std::string> extra = {}, std::string file = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// Where no redis-server is installed; a test then says WARN("SKIPPED: ...").
    static bool is_missing();

    /// Returns when it answers; false: not within 10 s. It begins empty, unless save() kept
    /// something.
    bool start();

    /// SIGKILL: nothing is saved.
    void kill();

    /// Keeps what it has for the next start().
    void save();

    /// SIGSTOP and SIGCONT: it is there and does not answer.
    void freeze();
    void thaw();

    /// One command a line, and the raw replies ("+OK\r\n"). Words are separated by one space.
    std::string command(const std::string& words) const;

    std::string socket_path() const { return folder_ + "/redis.sock"; }
    std::uint16_t port() const noexcept { return port_; }

private:
    std::string folder_;
    std::vector<std::string> extra_;
    std::string file_;
    std::uint16_t port_;
    pid_t pid_ = -1;
};

}  // namespace fairlead::test

/// First line of a test that needs a real Redis.
#define FAIRLEAD_NEEDS_REDIS()                                   \
    if (fairlead::test::RedisServer::is_missing()) {             \
        WARN("SKIPPED: /usr/bin/redis-server is not installed"); \
        return;                                                  \
    }
