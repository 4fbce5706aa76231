#include "control/embedded_store.hpp"

#include "control/store_changes.hpp"
#include "control/store_text.hpp"
#include "proxy/base/log.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::control {
namespace {

constexpr const char* damaged_backup_name = "store.json.bak.damaged";
constexpr const char* new_name = "store.json.new";
constexpr const char* new_backup_name = "store.json.bak.new";
constexpr const char* lock_name = "lock";
constexpr const char* probe_name = "probe";

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const noexcept { return fd_; }
    bool is_open() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

Problem failed(std::string_view doing, std::string_view name) {
    return problem("cannot {} {}: {}", doing, name, std::strerror(errno));
}

Checked<> write_file(int folder, const char* name, std::string_view text) {
    const Descriptor file(::openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return failed("write", name);
    while (!text.empty()) {
        const auto written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("write", name);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return failed("sync", name);
    return {};
}

/// None: there is no such file.
Checked<std::optional<std::string>> read_file(int folder, const char* name) {
    const Descriptor file(::openat(folder, name, O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return std::optional<std::string>{};
    if (!file.is_open()) return failed("read", name);
    std::string text;
    char piece[65536];
    for (;;) {
        const auto got = ::read(file.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("read", name);
        if (got == 0) return std::optional<std::string>(std::move(text));
        text.append(piece, static_cast<std::size_t>(got));
    }
}

/// The file that is there becomes the backup too, without a moment in which there is neither.
Checked<> keep_backup(int folder, const char* name, const char* backup) {
    ::unlinkat(folder, new_backup_name, 0);
    if (::linkat(folder, name, folder, new_backup_name, 0) == 0) {
        if (::renameat(folder, new_backup_name, folder, backup) == 0) return {};
        return failed("write", backup);
    }
    if (errno == ENOENT) return {};  // the first write of all, or after damage
    // A file system without hard links. Between the two renames only the backup is there; load()
    // knows.
    if (::renameat(folder, name, folder, backup) == 0) return {};
    return failed("write", backup);
}

}  // namespace

EmbeddedStore::EmbeddedStore(aio::IoContext& io, std::string folder, unsigned max_path_length)
    : folder_(std::move(folder)), source_(max_path_length), stopped_(io.get_executor()) {}

EmbeddedStore::~EmbeddedStore() {
    if (lock_fd_ >= 0) ::close(lock_fd_);
    if (folder_fd_ >= 0) ::close(folder_fd_);
}

Checked<> EmbeddedStore::open() {
    std::error_code ec;
    std::filesystem::create_directories(folder_, ec);
    if (ec) return problem("cannot make the folder {}: {}", folder_, ec.message());
    Descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return failed("open", folder_);
    Descriptor lock(::openat(folder.get(), lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.is_open()) return failed("write", folder_ + "/" + lock_name);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return problem("{} is in use by another process", folder_);
        return failed("lock", folder_);
    }
    folder_fd_ = folder.release();
    lock_fd_ = lock.release();
    return load();
}

Checked<> EmbeddedStore::load() {
    for (const char* name : {file_name, backup_name}) {
        const auto text = read_file(folder_fd_, name);
        if (!text) return text.error();
        if (!*text) continue;
        auto contents = parse_store_text(**text);
        if (contents) {
            source_.replace(StoreImage{std::move(*contents), {}, {}}, file_name);
            return name == file_name ? Checked<>{} : restore_from_backup();
        }
        // Put aside rather than overwritten: somebody may want to see what was in it.
        const auto aside = std::string(name == file_name ? damaged_name : damaged_backup_name);
        ::renameat(folder_fd_, name, folder_fd_, aside.c_str());
        last_problem_ =
            fmt::format("{} is damaged: {}; kept as {}", name, contents.error().text(), aside);
        log::error("store.damaged", log::kv("folder", folder_), log::kv("why", last_problem_));
    }
    if (!last_problem_.empty()) {
        log::error("store.lost", log::kv("folder", folder_), log::kv("why", last_problem_));
    }
    source_.replace({}, file_name);
    return {};
}

Checked<> EmbeddedStore::restore_from_backup() {
    if (last_problem_.empty()) last_problem_ = fmt::format("{} is missing", file_name);
    log::error("store.backup_used", log::kv("folder", folder_), log::kv("why", last_problem_));
    return save(source_.image().contents);
}

Checked<> EmbeddedStore::save(const StoreContents& contents) {
    if (const auto written = write_file(folder_fd_, new_name, store_text(contents)); !written)
        return written;
    if (const auto kept = keep_backup(folder_fd_, file_name, backup_name); !kept) return kept;
    if (::renameat(folder_fd_, new_name, folder_fd_, file_name) != 0)
        return failed("write", file_name);
    if (::fsync(folder_fd_) != 0) return failed("sync", folder_);
    return {};
}

aio::task<Checked<>> EmbeddedStore::apply(std::vector<StoreChange> changes, std::string who) {
    auto changed = source_.image().contents;
    apply_changes(changed, changes);
    if (changed == source_.image().contents) co_return Checked<>{};
    const auto saved = save(changed);
    if (!saved) {
        last_problem_ = saved.error().text();
        log::error("store.write_failed", log::kv("folder", folder_), log::kv("why", last_problem_));
        co_return saved;
    }
    last_problem_.clear();
    source_.apply(changes, who);
    co_return Checked<>{};
}

aio::task<Checked<>> EmbeddedStore::read(Look look) {
    look(source_.image());
    co_return Checked<>{};
}

aio::task<Checked<>> EmbeddedStore::read_one(StoreEntry, Look look) {
    look(source_.image());
    co_return Checked<>{};
}

aio::task<Checked<>> EmbeddedStore::probe() {
    constexpr std::string_view text = "probe\n";
    const auto written = write_file(folder_fd_, probe_name, text);
    if (!written) co_return problem("Failed to write to the store: {}", written.error().text());
    const auto read = read_file(folder_fd_, probe_name);
    if (!read) co_return problem("Failed to read the store: {}", read.error().text());
    if (*read != text) co_return problem("Healthcheck failed to write and read from the store");
    if (::unlinkat(folder_fd_, probe_name, 0) != 0) {
        co_return problem("Failed to delete from the store: {}", std::strerror(errno));
    }
    co_return Checked<>{};
}

aio::task<> EmbeddedStore::run(Publish publish) {
    source_.start(std::move(publish), file_name);
    co_await stopped_.wait();
    source_.stop();
}

void EmbeddedStore::stop() {
    stopped_.set();
}

discovery::SourceStatus EmbeddedStore::status() const {
    discovery::SourceStatus status;
    status.connected = folder_fd_ >= 0;
    status.detail = last_problem_.empty() ? folder_ : last_problem_;
    status.last_published = source_.last_published();
    return status;
}

}  // namespace fairlead::control
