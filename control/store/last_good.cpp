#include "control/store/last_good.hpp"

#include "control/embedded/store_text.hpp"
#include "proxy/base/log.hpp"

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::control {
namespace {

namespace json = boost::json;

constexpr int format_version = 1;

/// The first line, which vouches for everything after it.
std::string header_of(std::string_view body, const std::string& redis) {
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    return fmt::format(R"({{"fairlead_last_good":{},"redis":{},"crc32":"{:08x}"}})", format_version,
                       json::serialize(json::string(redis)), crc.checksum());
}

json::object object_of(const HipacheFrontend& list) {
    json::array servers;
    for (const auto& server : list.servers) servers.emplace_back(json::string(server));
    json::array dead;
    for (const auto index : list.dead) dead.emplace_back(index);
    json::object object;
    object["servers"] = std::move(servers);
    object["dead"] = std::move(dead);
    return object;
}

HipacheFrontend list_of(const json::object& object) {
    HipacheFrontend list;
    for (const auto& server : object.at("servers").as_array())
        list.servers.emplace_back(server.as_string());
    for (const auto& index : object.at("dead").as_array())
        list.dead.insert(index.to_number<std::size_t>());
    return list;
}

Checked<std::map<std::string, HipacheFrontend>> lists_of(std::string_view text) try {
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // names are bytes
    const auto root = json::parse(json::string_view(text.data(), text.size()), {}, options);
    std::map<std::string, HipacheFrontend> lists;
    for (const auto& entry : root.as_object())
        lists[entry.key()] = list_of(entry.value().as_object());
    return lists;
} catch (const std::exception& why) {
    return problem("its lists are not as this version writes them: {}", why.what());
}

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

Checked<> write_synced(const std::string& path, std::string_view text) {
    const auto failed = [&] { return problem("cannot write {}: {}", path, std::strerror(errno)); };
    const Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0) return failed();
    while (!text.empty()) {
        const auto written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return failed();
    return {};
}

timespec timespec_of(WallTime time) {
    const auto since = time.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
    return {static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())};
}

}  // namespace

std::string last_good_text(const StoreImage& image, const std::string& redis) {
    json::object lists;
    for (const auto& [host, list] : image.hipache) lists[host] = object_of(list);
    const auto body = "\n" + json::serialize(lists) + "\n" + store_text(image.contents);
    return header_of(body, redis) + body;
}

Checked<StoreImage> parse_last_good(std::string_view text, const std::string& redis) {
    const auto end_of_header = text.find('\n');
    if (end_of_header == std::string_view::npos) return problem("its first line is not complete");
    auto rest = text.substr(end_of_header);
    if (text.substr(0, end_of_header) != header_of(rest, redis)) {
        return problem("it is damaged, of another version, or not of {}", redis);
    }
    rest.remove_prefix(1);
    const auto end_of_lists = rest.find('\n');
    auto lists = lists_of(rest.substr(0, end_of_lists));
    if (!lists) return lists.error();
    rest.remove_prefix(end_of_lists + 1);
    auto reading = read_store_text(rest);
    if (reading.version != store_version || reading.damaged > 0)
        return problem("its routes are not as this version writes them");
    return StoreImage{std::move(reading.contents), std::move(*lists), {}};
}

LastGood::LastGood(std::string path, std::string redis)
    : path_(std::move(path)),
      redis_(std::move(redis)),
      writer_([this] { write_until_stopped(); }) {}

LastGood::~LastGood() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_one();
    writer_.join();
}

Checked<std::optional<LastGood::Copy>> LastGood::load() const {
    std::ifstream file(path_, std::ios::binary);
    struct stat facts = {};
    if (!file) {
        if (::stat(path_.c_str(), &facts) != 0 && errno == ENOENT) return std::optional<Copy>{};
        return problem("cannot read {}", path_);
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (::stat(path_.c_str(), &facts) != 0) return problem("cannot read {}", path_);
    auto image = parse_last_good(text, redis_);
    if (!image) return problem("{}: {}", path_, image.error().text());
    const auto since = std::chrono::seconds(facts.st_mtim.tv_sec) +
                       std::chrono::nanoseconds(facts.st_mtim.tv_nsec);
    const WallTime as_of(std::chrono::duration_cast<WallTime::duration>(since));
    return std::optional<Copy>(Copy{std::move(*image), as_of});
}

void LastGood::save(StoreImage image) {
    {
        const std::lock_guard lock(mutex_);
        waiting_ = std::move(image);
        confirmed_.reset();  // the new file's own time says it
    }
    changed_.notify_one();
}

void LastGood::confirm(WallTime at) {
    {
        const std::lock_guard lock(mutex_);
        confirmed_ = at;
    }
    changed_.notify_one();
}

std::string LastGood::last_problem() const {
    const std::lock_guard lock(mutex_);
    return last_problem_;
}

void LastGood::write_until_stopped() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return is_stopping_ || waiting_ || confirmed_; });
        const auto image = std::exchange(waiting_, std::nullopt);
        const auto confirmed = std::exchange(confirmed_, std::nullopt);
        if (!image && !confirmed) return;  // stopping, and nothing waits
        lock.unlock();
        const auto done = image ? write(*image) : Checked<>{};
        if (confirmed) {
            const timespec times[] = {timespec_of(*confirmed), timespec_of(*confirmed)};
            ::utimensat(AT_FDCWD, path_.c_str(), times, 0);  // no file: nothing to vouch for
        }
        lock.lock();
        if (!image) continue;
        const auto why = done ? std::string() : done.error().text();
        if (why != last_problem_ && !why.empty())
            log::error("store.last_good_failed", log::kv("why", why));
        last_problem_ = why;
    }
}

Checked<> LastGood::write(const StoreImage& image) const {
    const auto folder = std::filesystem::path(path_).parent_path();
    std::error_code ec;
    if (!folder.empty()) std::filesystem::create_directories(folder, ec);
    if (ec) return problem("cannot make the folder {}: {}", folder.string(), ec.message());
    const auto beside = path_ + ".new";
    if (const auto written = write_synced(beside, last_good_text(image, redis_)); !written)
        return written;
    if (::rename(beside.c_str(), path_.c_str()) != 0)
        return problem("cannot write {}: {}", path_, std::strerror(errno));
    const Descriptor opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY));
    if (opened.get() >= 0) ::fsync(opened.get());  // what is lost with power is only the newest
    return {};
}

}  // namespace fairlead::control
