#include "proxy/access_log/writer.hpp"

#include "proxy/base/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace fairlead::access_log {
Checked<std::unique_ptr<Writer>> Writer::start(const model::AccessLogSettings& settings,
                                               std::size_t workers) {
    auto output = Output::open(settings.path);
    if (!output) return output.error();
    const int waker = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waker < 0) return problem("access_log: {}", std::strerror(errno));
    std::unique_ptr<Writer> writer(new Writer(std::move(*output), waker));
    for (std::size_t i = 0; i < workers; ++i) {
        auto buffer = MirroredBuffer::make(lane_bytes);
        if (!buffer) return buffer.error();
        writer->lanes_.push_back(
            std::make_unique<Lane>(std::move(*buffer), settings.format, waker));
    }
    writer->thread_ = std::thread([raw = writer.get()] {
        ::pthread_setname_np(::pthread_self(), "access-log");
        raw->run();
    });
    return writer;
}

Writer::~Writer() {
    stop();
    ::close(waker_);
}

void Writer::reopen() noexcept {
    must_reopen_.store(true, std::memory_order_release);
    wake();
}

void Writer::stop() noexcept {
    if (!thread_.joinable()) return;
    must_stop_.store(true, std::memory_order_release);
    wake();
    thread_.join();
}

void Writer::wake() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(waker_, &one, sizeof one);
}

void Writer::run() {
    std::optional<TimePoint> give_up_at;
    for (;;) {
        // Before the lines are looked at: what was handed over before stop() is then among them.
        const bool must_stop = must_stop_.load(std::memory_order_acquire);
        const auto progress = write_all();
        judge(progress);
        if (must_reopen_.exchange(false, std::memory_order_acq_rel)) {
            open_anew();
            continue;
        }
        if (must_stop) {
            if (is_done(progress)) return;
            if (!give_up_at) give_up_at = Clock::now() + patience_when_stopping;
            if (Clock::now() >= *give_up_at) return drop_rest();
        }
        wait(progress);
    }
}

Writer::Progress Writer::write_all() {
    auto progress = Progress::nothing_to_do;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        auto& lane = *lanes_[turn_];
        if (!lane.readable().empty()) {
            progress = write_lane(lane);
            if (progress != Progress::all_written) return progress;
        }
        turn_ = (turn_ + 1) % lanes_.size();
    }
    return progress;
}

Writer::Progress Writer::write_lane(Lane& lane) {
    // What comes while we write is for the next time: the other lanes get their turn.
    for (auto left = lane.readable().size(); left > 0;) {
        const auto lines = lane.readable().substr(0, left);
        const auto result = output_.write(lines);
        if (result.taken == Output::Taken::none) return Progress::output_is_busy;
        if (result.taken == Output::Taken::failed) {
            note_failure(result.error);
            return Progress::output_fails;
        }
        bytes_.add(result.bytes);
        is_mid_line_ = result.bytes > 0 && lines[result.bytes - 1] != '\n';
        lane.release(result.bytes);
        left -= result.bytes;
    }
    return Progress::all_written;
}

void Writer::judge(Progress progress) {
    const auto dropped = totals().dropped;
    if (std::exchange(dropped_before_, dropped) != dropped) {
        note_failure(EAGAIN);  // busy is no failure before something is lost of it
    } else if (is_done(progress) && std::exchange(is_failing_, false)) {
        log::info("access_log.recovered", log::kv("path", output_.path()));
    }
}

void Writer::note_failure(int error) {
    if (std::exchange(is_failing_, true)) return;
    log::error("access_log.failed", log::kv("path", output_.path()),
               log::kv("error", std::strerror(error)));
}

void Writer::open_anew() {
    if (const auto opened = output_.reopen(); !opened) {
        log::error("access_log.not_reopened", log::kv("error", opened.error().text()));
        return;
    }
    log::info("access_log.reopened", log::kv("path", output_.path()));
    if (!std::exchange(is_mid_line_, false)) return;
    // The rest of a line whose beginning is in the old file would be a line of the client's making.
    auto& lane = *lanes_[turn_];
    lane.release(lane.readable().find('\n') + 1);
    dropped_.add();
    ++dropped_before_;  // and that is all
}

void Writer::drop_rest() {
    std::uint64_t lost = 0;
    for (auto& lane : lanes_) {
        const auto lines = lane->readable();
        lost += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
        lane->release(lines.size());
    }
    dropped_.add(lost);
    log::error("access_log.unwritten", log::kv("path", output_.path()), log::kv("lines", lost));
}

void Writer::wait(Progress progress) {
    const bool is_idle = progress == Progress::nothing_to_do;
    const bool is_busy = progress == Progress::output_is_busy;
    if (is_idle || progress == Progress::all_written) {
        for (auto& lane : lanes_) {
            if (lane->wake_beyond(is_idle ? 0 : batch_bytes)) return;
        }
    }
    std::array<pollfd, 2> waited = {{{waker_, POLLIN, 0}, {output_.descriptor(), POLLOUT, 0}}};
    const auto time = is_idle ? -1 : static_cast<int>(batch_time.count());
    ::poll(waited.data(), is_busy ? 2 : 1, time);
    std::uint64_t wake_ups = 0;
    [[maybe_unused]] const auto read = ::read(waker_, &wake_ups, sizeof wake_ups);
}

Totals Writer::totals() const noexcept {
    Totals totals;
    for (const auto& lane : lanes_) {
        totals.lines += lane->lines();
        totals.dropped += lane->dropped();
    }
    totals.dropped += dropped_.value();
    totals.bytes = bytes_.value();
    return totals;
}

}  // namespace fairlead::access_log
