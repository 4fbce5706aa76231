#include "proxy/access_log/output.hpp"

#include <climits>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::access_log {
namespace {

constexpr std::string_view standard_output = "-";
constexpr mode_t file_mode = 0644;

/// Its descriptor, or -1 and errno.
int open_path(const std::string& path) {
    // O_NONBLOCK: a named pipe that nobody reads is an error, not a wait.
    return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                  file_mode);
}

bool is_regular(int descriptor) {
    struct stat facts = {};
    return ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// As many whole lines as a pipe takes at once and undivided; of a longer line, its beginning.
std::string_view piece_of(std::string_view lines) {
    if (lines.size() <= PIPE_BUF) return lines;
    const auto last = lines.rfind('\n', PIPE_BUF - 1);
    return lines.substr(0, last == std::string_view::npos ? PIPE_BUF : last + 1);
}

}  // namespace

Output::Output(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor), is_file_(is_regular(descriptor)) {}

Output::~Output() {
    if (descriptor_ >= 0 && path_ != standard_output) ::close(descriptor_);
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      is_file_(other.is_file_) {}

Checked<Output> Output::open(const std::string& path) {
    const int descriptor = path == standard_output ? STDOUT_FILENO : open_path(path);
    if (descriptor < 0 || ::fcntl(descriptor, F_GETFD) < 0)
        return problem("access_log.path: {}: {}", path, std::strerror(errno));
    return Output(path, descriptor);
}

Checked<> Output::reopen() {
    if (path_ == standard_output) return {};
    const int descriptor = open_path(path_);
    if (descriptor < 0) return problem("{}: {}", path_, std::strerror(errno));
    ::close(descriptor_);
    descriptor_ = descriptor;
    is_file_ = is_regular(descriptor);
    return {};
}

bool Output::takes_now() const {
    pollfd state = {descriptor_, POLLOUT, 0};
    return ::poll(&state, 1, 0) != 0;  // errors too: the write tells them
}

Output::Result Output::write(std::string_view lines) {
    // Standard output may be somebody else's too, so it is not ours to make non-blocking.
    if (!is_file_ && !takes_now()) return {};
    const auto piece = is_file_ ? lines : piece_of(lines);
    const auto written = ::write(descriptor_, piece.data(), piece.size());
    if (written >= 0) return {Taken::some, static_cast<std::size_t>(written), 0};
    if (errno == EAGAIN || errno == EINTR) return {};
    return {Taken::failed, 0, errno};
}

}  // namespace fairlead::access_log
