#include "tests/support/redis_server.hpp"

#include "tests/support/eventually.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace fairlead::test {
namespace {

constexpr const char* program = "/usr/bin/redis-server";

int connect_to(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

[[noreturn]] void run_server(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<char*> words;
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(program, words.data());
    ::_exit(127);
}

}  // namespace

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
}

RedisServer::RedisServer(std::string folder, std::vector<std::string> extra, std::string file)
    : folder_(std::move(folder)),
      extra_(std::move(extra)),
      file_(std::move(file)),
      port_(free_port()) {}

RedisServer::~RedisServer() {
    kill();
}

bool RedisServer::is_missing() {
    return ::access(program, X_OK) != 0;
}

bool RedisServer::start() {
    std::vector<std::string> arguments = {program,
                                          "--bind",
                                          "127.0.0.1",
                                          "--port",
                                          std::to_string(port_),
                                          "--unixsocket",
                                          socket_path(),
                                          "--dir",
                                          folder_,
                                          "--save",
                                          "",
                                          "--appendonly",
                                          "no",
                                          "--daemonize",
                                          "no"};
    arguments.insert(arguments.end(), extra_.begin(), extra_.end());
    if (!file_.empty()) arguments.insert(arguments.begin() + 1, file_);
    const auto log = folder_ + "/redis.log";
    pid_ = ::fork();
    if (pid_ == 0) run_server(arguments, log);
    // With a password it refuses PING, which is an answer too; "-LOADING" is not.
    return eventually(std::chrono::seconds(10), [this] {
        const auto reply = command("PING");
        return reply.starts_with('+') || reply.starts_with("-NOAUTH");
    });
}

void RedisServer::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    ::unlink(socket_path().c_str());
}

void RedisServer::save() {
    command("SAVE");
}
void RedisServer::freeze() {
    ::kill(pid_, SIGSTOP);
}
void RedisServer::thaw() {
    ::kill(pid_, SIGCONT);
}

std::string RedisServer::command(const std::string& words) const {
    const int fd = connect_to(socket_path());
    if (fd < 0) return {};
    const auto line = words + "\r\n";
    std::string reply;
    if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) > 0) {
        ::shutdown(fd, SHUT_WR);  // it answers, then sees the end and closes, too
        char buffer[4096];
        ssize_t size = 0;
        while ((size = ::recv(fd, buffer, sizeof buffer, 0)) > 0)
            reply.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(fd);
    return reply;
}

}  // namespace fairlead::test
