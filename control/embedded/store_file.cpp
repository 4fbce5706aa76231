#include "control/embedded/store_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::control {

Problem disk_problem(std::string_view doing, std::string_view name) {
    return problem("cannot {} {}: {}", doing, name, std::strerror(errno));
}

Checked<> write_all(int file, std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return disk_problem("write", name);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Checked<> write_whole(int folder, const char* name, std::string_view text) {
    const int file = ::openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return disk_problem("write", name);
    auto done = write_all(file, text, name);
    if (done && ::fsync(file) != 0) done = disk_problem("sync", name);
    ::close(file);
    return done;
}

Checked<std::optional<std::string>> read_whole(int folder, const char* name) {
    const int file = ::openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::optional<std::string>{};
    if (file < 0) return disk_problem("read", name);
    std::string text;
    char piece[65536];
    for (;;) {
        const auto got = ::read(file, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got > 0) {
            text.append(piece, static_cast<std::size_t>(got));
            continue;
        }
        const auto failed = disk_problem("read", name);
        ::close(file);
        if (got < 0) return failed;
        return std::optional<std::string>(std::move(text));
    }
}

StoreFile::~StoreFile() {
    if (file_ >= 0) ::close(file_);
}

Checked<std::optional<std::string>> StoreFile::read() const {
    return read_whole(folder_, name);
}

Checked<> StoreFile::open_at(std::size_t good, std::size_t worth) {
    file_ = ::openat(folder_, name, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file_ < 0) return disk_problem("write", name);
    if (::ftruncate(file_, static_cast<off_t>(good)) != 0) return disk_problem("cut", name);
    size_ = good;
    new_size_ = std::min(good, worth);
    return {};
}

Problem StoreFile::give_up(Problem why) {
    is_broken_ = true;
    return why;
}

Checked<> StoreFile::append(std::string_view text) {
    if (const auto written = write_all(file_, text, name); !written) {
        if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) return give_up(written.error());
        return written.error();
    }
    // After a failing sync nobody knows which pages are on the disk, and trying again would not
    // tell.
    if (::fdatasync(file_) != 0) return give_up(disk_problem("sync", name));
    size_ += text.size();
    return {};
}

Checked<> StoreFile::replace(std::string_view text) {
    const int file =
        ::openat(folder_, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return disk_problem("write", new_name);
    auto done = write_all(file, text, new_name);
    if (done && ::fsync(file) != 0) done = disk_problem("sync", new_name);
    if (done && ::renameat(folder_, new_name, folder_, name) != 0)
        done = disk_problem("write", name);
    if (!done) {
        ::close(file);
        ::unlinkat(folder_, new_name, 0);
        return done;
    }
    // From here on the new one is what a restart finds.
    if (file_ >= 0) ::close(file_);
    file_ = file;
    size_ = new_size_ = text.size();
    is_broken_ = false;
    if (::fsync(folder_) != 0) return give_up(disk_problem("sync the folder of", name));
    return {};
}

}  // namespace fairlead::control
