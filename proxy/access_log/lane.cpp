#include "proxy/access_log/lane.hpp"

#include "proxy/access_log/json_format.hpp"
#include "proxy/access_log/line.hpp"
#include "proxy/access_log/text_format.hpp"

#include <unistd.h>

namespace fairlead::access_log {

char* Lane::format(char* out, const Record& record) noexcept {
    const auto time = clock_.milliseconds(record.began);
    if (format_ == model::AccessLogSettings::Format::json)
        return write_json(out, record, rfc3339_.at(time));
    return write_text(out, record, common_.at(time));
}

void Lane::write(const Record& record) noexcept {
    if (buffer_.size() - (next_ - known_tail_) < most_line_bytes) {
        known_tail_ = tail_.load(std::memory_order_acquire);
        if (buffer_.size() - (next_ - known_tail_) < most_line_bytes) {
            dropped_.add();
            return;
        }
    }
    char* const begin = buffer_.at(next_);
    next_ += static_cast<std::uint64_t>(format(begin, record) - begin);
    lines_.add();
    // Sequentially consistent, as in wake_beyond(): either we see that the writer wants to be
    // woken, or it sees this line before it sleeps.
    head_.store(next_, std::memory_order_seq_cst);
    if (next_ > wake_at_.load(std::memory_order_seq_cst)) wake();
}

void Lane::wake() noexcept {
    wake_at_.store(never, std::memory_order_relaxed);
    const std::uint64_t one = 1;
    // Fails only where the writer has 2^64 - 2 wake-ups before it.
    [[maybe_unused]] const auto written = ::write(waker_, &one, sizeof one);
}

std::string_view Lane::readable() const noexcept {
    const auto tail = tail_.load(std::memory_order_relaxed);
    const auto head = head_.load(std::memory_order_acquire);
    return {buffer_.at(tail), head - tail};
}

void Lane::release(std::size_t bytes) noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

bool Lane::wake_beyond(std::size_t bytes) noexcept {
    const auto limit = tail_.load(std::memory_order_relaxed) + bytes;
    wake_at_.store(limit, std::memory_order_seq_cst);
    return head_.load(std::memory_order_seq_cst) > limit;
}

}  // namespace fairlead::access_log
