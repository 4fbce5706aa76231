#include "control/embedded/embedded_store.hpp"

#include "control/embedded/store_text.hpp"
#include "control/embedded/store_text_v1.hpp"
#include "control/store/store_changes.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace fairlead::control {

/// One apply() on its way to the disk; lives in its coroutine.
struct EmbeddedStore::Write {
    std::vector<StoreChange> changes;
    std::string who;
    std::string line;
    Checked<> result;
    aio::Event done;
};

EmbeddedStore::EmbeddedStore(aio::IoContext& io, std::string folder, KeyRules rules)
    : folder_(std::move(folder)),
      source_(std::move(rules)),
      stopped_(io.get_executor()),
      io_(io),
      disk_(io) {}

Checked<> EmbeddedStore::open() {
    if (const auto opened = folder_.open(); !opened) return opened;
    file_.use_folder(folder_.descriptor());
    return load();
}

Checked<> EmbeddedStore::load() {
    const auto text = file_.read();
    if (!text) return text.error();
    return *text ? load_text(**text) : take_over_v1();
}

Checked<> EmbeddedStore::load_text(const std::string& text) {
    auto reading = read_store_text(text);
    if (reading.version != 0 && reading.version != store_version) {
        return problem("{}/{} is of version {}; this Fairlead reads version {}", folder_.path(),
                       file_name, reading.version, store_version);
    }
    source_.replace(StoreImage{std::move(reading.contents), {}, {}}, file_name);
    if (reading.version == 0 || reading.damaged > 0) {
        // Somebody may want to see what was in it.
        const auto kept = write_whole(folder_.descriptor(), damaged_name, text);
        note_damage(fmt::format(
            "{} is damaged in {} places; all else is used, {}", file_name,
            std::max<std::size_t>(reading.damaged, 1),
            kept ? fmt::format("it is kept as {}", damaged_name) : kept.error().text()));
        return file_.replace(store_text(source_.image().contents));
    }
    if (reading.end < text.size()) {
        log::info("store.tail_cut", log::kv("folder", folder_.path()),
                  log::kv("bytes", text.size() - reading.end));
    }
    return file_.open_at(reading.end, store_text(source_.image().contents).size());
}

Checked<> EmbeddedStore::take_over_v1() {
    StoreContents contents;
    const char* found = nullptr;
    for (const char* name : {v1_name, v1_backup_name}) {
        const auto text = read_whole(folder_.descriptor(), name);
        if (!text) return text.error();
        if (!*text) continue;
        auto parsed = parse_store_text_v1(**text);
        if (parsed) {
            contents = std::move(*parsed);
            found = name;
            break;
        }
        note_damage(fmt::format("{} is damaged: {}", name, parsed.error().text()));
    }
    source_.replace(StoreImage{std::move(contents), {}, {}}, file_name);
    const auto written = file_.replace(store_text(source_.image().contents));
    if (!written || found == nullptr) return written;
    ::renameat(folder_.descriptor(), found, folder_.descriptor(), v1_kept_name);
    log::info("store.taken_over", log::kv("folder", folder_.path()), log::kv("from", found));
    return {};
}

void EmbeddedStore::note_damage(std::string why) {
    last_problem_ = std::move(why);
    log::error("store.damaged", log::kv("folder", folder_.path()), log::kv("why", last_problem_));
}

aio::task<Checked<>> EmbeddedStore::apply(std::vector<StoreChange> changes, std::string who) {
    // Others on their way may make news of what is none yet.
    if (!is_writing_ && !is_news(source_.image().contents, changes)) co_return Checked<>{};
    const auto now = std::chrono::system_clock::now();
    auto line = store_line(changes, who, now);
    aio::Event done(io_.get_executor());
    Write write{std::move(changes), std::move(who), std::move(line), {}, std::move(done)};
    waiting_.push_back(&write);
    if (!is_writing_) {
        is_writing_ = true;
        aio::spawn(io_.get_executor(), "store file", write_all_waiting());
    }
    co_await write.done.wait();
    co_return write.result;
}

aio::task<> EmbeddedStore::write_all_waiting() {
    while (!waiting_.empty()) {
        const auto group = std::exchange(waiting_, {});
        std::string text;
        for (const auto* write : group) text.append(write->line);
        const auto written = co_await append(std::move(text));
        if (written) {
            last_problem_.clear();
        } else {
            last_problem_ = written.error().text();
            log::error("store.write_failed", log::kv("folder", folder_.path()),
                       log::kv("why", last_problem_));
        }
        for (auto* write : group) {
            if (written) source_.apply(write->changes, write->who);
            write->result = written;
            write->done.set();
        }
        if (has_outgrown()) co_await shorten();
    }
    is_writing_ = false;
}

aio::task<Checked<>> EmbeddedStore::append(std::string text) {
    if (file_.is_broken()) {
        const auto replaced = co_await replace_file();
        if (!replaced) co_return replaced;
    }
    Checked<> result;
    const std::function<void()> work = [&] { result = file_.append(text); };
    co_await disk_.run(work);
    co_return result;
}

aio::task<Checked<>> EmbeddedStore::replace_file() {
    const auto text = store_text(source_.image().contents);
    Checked<> result;
    const std::function<void()> work = [&] { result = file_.replace(text); };
    co_await disk_.run(work);
    co_return result;
}

/// One that fails is no problem yet: the longer file is as good. It is tried again much later.
aio::task<> EmbeddedStore::shorten() {
    const auto replaced = co_await replace_file();
    growth_at_failure_ = replaced ? 0 : file_.grown();
    if (replaced) co_return;
    log::warn("store.not_shortened", log::kv("folder", folder_.path()),
              log::kv("why", replaced.error().text()));
}

bool EmbeddedStore::has_outgrown() const {
    const auto grown = file_.grown();
    return grown > std::max(least_growth, file_.size() - grown) && grown > 2 * growth_at_failure_;
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
    Checked<> result;
    const std::function<void()> work = [&] { result = folder_.probe(); };
    co_await disk_.run(work);
    co_return result;
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
    status.connected = folder_.is_open();
    status.detail = last_problem_.empty() ? folder_.path() : last_problem_;
    status.last_published = source_.last_published();
    return status;
}

}  // namespace fairlead::control
