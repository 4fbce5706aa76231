// The way of one worker's lines to the writer: a ring that the worker formats into and the writer
// reads from. No lock, no allocation, no system call but a wake-up for every `batch` bytes, or for
// the first line after a pause.
//
// Threads: write(): the worker; what the writer calls is marked. One of each.
// Invariants: 0 <= head - tail <= size; [tail, head) are whole lines, but for the first of them,
// which the writer may have taken a part of.
#pragma once

#include "proxy/access_log/mirrored_buffer.hpp"
#include "proxy/access_log/record.hpp"
#include "proxy/access_log/timestamp.hpp"
#include "proxy/metrics/counter.hpp"
#include "proxy/model/config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace fairlead::access_log {

class Lane {
public:
    /// `waker`: an eventfd that wakes the writer; outlives this.
    Lane(MirroredBuffer buffer, model::AccessLogSettings::Format format, int waker) noexcept
        : buffer_(std::move(buffer)), format_(format), waker_(waker) {}
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// Writes a line, or drops and counts it where the writer is a whole buffer behind.
    void write(const Record& record) noexcept;

    // Writer thread
    std::string_view readable() const noexcept;
    void release(std::size_t bytes) noexcept;
    /// Asks for a wake-up once more than `bytes` wait. True: they do already.
    bool wake_beyond(std::size_t bytes) noexcept;

    // Any thread
    std::uint64_t lines() const noexcept { return lines_.value(); }
    std::uint64_t dropped() const noexcept { return dropped_.value(); }

private:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    char* format(char* out, const Record& record) noexcept;
    void wake() noexcept;

    const MirroredBuffer buffer_;
    const model::AccessLogSettings::Format format_;
    const int waker_;

    // The worker's
    alignas(64) std::uint64_t next_ = 0;  // what head_ will be
    std::uint64_t known_tail_ = 0;
    WallClock clock_;
    Rfc3339Text rfc3339_;
    CommonLogText common_;
    metrics::Counter lines_;
    metrics::Counter dropped_;

    // Written by the worker, read by the writer
    alignas(64) std::atomic<std::uint64_t> head_{0};
    // Written by the writer, read by the worker
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::atomic<std::uint64_t> wake_at_{0};  // a head beyond it wakes the writer
};

}  // namespace fairlead::access_log
