#include "control/embedded/store_folder.hpp"

#include "control/embedded/store_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>

namespace fairlead::control {
namespace {

constexpr const char* lock_name = "lock";
constexpr const char* probe_name = "probe";
constexpr std::string_view probe_text = "probe\n";

}  // namespace

StoreFolder::~StoreFolder() {
    if (lock_ >= 0) ::close(lock_);
    if (folder_ >= 0) ::close(folder_);
}

Checked<> StoreFolder::open() {
    std::error_code ec;
    std::filesystem::create_directories(path_, ec);
    if (ec) return problem("cannot make the folder {}: {}", path_, ec.message());
    folder_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) return disk_problem("open", path_);
    lock_ = ::openat(folder_, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return disk_problem("write", path_ + "/" + lock_name);
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return problem("{} is in use by another process", path_);
    return disk_problem("lock", path_);
}

Checked<> StoreFolder::probe() const {
    if (const auto written = write_whole(folder_, probe_name, probe_text); !written)
        return problem("Failed to write to the store: {}", written.error().text());
    const auto read = read_whole(folder_, probe_name);
    if (!read) return problem("Failed to read the store: {}", read.error().text());
    if (*read != probe_text) return problem("Healthcheck failed to write and read from the store");
    if (::unlinkat(folder_, probe_name, 0) != 0)
        return problem("Failed to delete from the store: {}", std::strerror(errno));
    return {};
}

}  // namespace fairlead::control
