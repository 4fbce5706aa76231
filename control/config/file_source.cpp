#include "control/config/file_source.hpp"

#include "control/config/config_schema.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration look_interval = 2s;
// Editors that write in place do it in steps; a file is read when it has been left alone this long.
constexpr Duration settle_time = 100ms;
constexpr int most_settle_rounds = 20;

constexpr std::uint32_t watched_events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE;

std::string folder_of(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder.string();
}

}  // namespace

FileSource::FileSource(aio::IoContext& io, std::string path, model::ProcessSettings running)
    : path_(std::move(path)),
      running_(std::move(running)),
      timer_(io.get_executor()),
      events_(io.get_executor()) {}

FileSource::Stamp FileSource::stamp() const {
    struct stat facts = {};
    if (::stat(path_.c_str(), &facts) != 0) return {};
    return {facts.st_dev, facts.st_ino, facts.st_size,
            facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
}

void FileSource::read_file() {
    // Before reading: what changes meanwhile is then seen as a change.
    read_stamp_ = stamp();
    take(load_config(path_));
}

void FileSource::take(LoadedConfig loaded) {
    problems_ = std::move(loaded.problems);
    for (const auto& problem : problems_) {
        log::error("config.refused", log::kv("problem", problem.to_string()));
    }
    if (!problems_.empty()) return;

    needs_restart_ = changed_groups(running_, loaded.process);
    log::info("config.read", log::kv("file", path_),
              log::kv("services", loaded.desired.services.size()),
              log::kv("routes", loaded.desired.routes.size()));
    if (!needs_restart_.empty()) {
        log::warn("config.needs_restart",
                  log::kv("keys", fmt::format("{}", fmt::join(needs_restart_, ", "))));
    }
    loaded.desired.caused_at = std::chrono::system_clock::now();
    last_published_ = loaded.desired.caused_at;
    publish_(model::whole_change(std::move(loaded.desired), "file"));
}

void FileSource::start_watching() {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    const auto folder = folder_of(path_);
    if (fd < 0 || ::inotify_add_watch(fd, folder.c_str(), watched_events) < 0) {
        // Out of watches: the look every two seconds still finds changes.
        log::warn("config.not_watched", log::kv("folder", folder), log::kv("errno", errno));
        if (fd >= 0) ::close(fd);
        return;
    }
    events_.assign(fd);
    await_event();
}

void FileSource::await_event() {
    using Descriptor = aio::asio::posix::basic_stream_descriptor<aio::executor>;
    const auto on_event = [this](aio::error_code ec) {
        if (ec) return;  // closed: `this` may be gone
        char events[4096];
        while (::read(events_.native_handle(), events, sizeof events) > 0) continue;
        wake();
        await_event();
    };
    events_.async_wait(Descriptor::wait_read, on_event);
}

void FileSource::wake() {
    woken_ = true;
    timer_.cancel();
}

aio::task<> FileSource::wait_for(Duration patience) {
    if (woken_) co_return;
    timer_.expires_after(patience);
    co_await timer_.async_wait();
}

aio::task<> FileSource::wait_until_settled() {
    auto last = stamp();
    for (int round = 0; round < most_settle_rounds && !stopping_; ++round) {
        woken_ = false;
        co_await wait_for(settle_time);
        const auto now = stamp();
        if (now == last && !woken_) co_return;
        last = now;
    }
}

aio::task<> FileSource::run(Publish publish) {
    publish_ = std::move(publish);
    start_watching();
    read_file();
    while (!stopping_) {
        co_await wait_for(look_interval);
        woken_ = false;
        if (stopping_) break;
        if (!reload_asked_) {
            if (stamp() == read_stamp_) continue;
            co_await wait_until_settled();
            if (stopping_) break;
        }
        reload_asked_ = false;
        read_file();
    }
}

void FileSource::reload() {
    reload_asked_ = true;
    wake();
}

void FileSource::stop() {
    stopping_ = true;
    aio::error_code ignored;  // closing is all there is to do with it
    events_.close(ignored);
    wake();
}

discovery::SourceStatus FileSource::status() const {
    discovery::SourceStatus status;
    status.connected = problems_.empty();
    status.last_published = last_published_;
    if (problems_.empty()) {
        status.detail = path_;
        if (!needs_restart_.empty()) {
            status.detail += fmt::format("; needs a restart for changed keys: {}",
                                         fmt::join(needs_restart_, ", "));
        }
        return status;
    }
    status.detail = problems_.front().to_string();
    if (problems_.size() > 1) status.detail += fmt::format("; and {} more", problems_.size() - 1);
    return status;
}

}  // namespace fairlead::control
