// The one thread that writes the access log: it collects the workers' lines and writes them in
// batches, so that no worker waits for a disk or a pipe.
//
// Threads: control, but for the lanes (each its worker) and totals() (any). Outlives the workers.
// Latency: a line is written within `batch_time`, or once `batch_bytes` of a worker wait. What the
// output does not take stays in the lanes; a worker whose lane is full drops lines and counts them.
#pragma once

#include "proxy/access_log/lane.hpp"
#include "proxy/access_log/output.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace fairlead::access_log {

struct Totals {
    std::uint64_t lines = 0;  // handed over by the workers
    std::uint64_t bytes = 0;  // written
    std::uint64_t dropped = 0;
};

class Writer {
public:
    static constexpr std::size_t lane_bytes = 1024 * 1024;
    static constexpr std::size_t batch_bytes = lane_bytes / 4;
    static constexpr std::chrono::milliseconds batch_time{100};
    /// How long stop() goes on with an output that takes nothing.
    static constexpr std::chrono::milliseconds patience_when_stopping{2000};

    /// Opens the output and starts the thread. A problem names the path.
    static Checked<std::unique_ptr<Writer>> start(const model::AccessLogSettings& settings,
                                                  std::size_t workers);
    /// Stops, if that has not been done.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// The way of worker number `i`.
    Lane& lane(std::size_t i) noexcept { return *lanes_[i]; }

    /// Opens the file anew (after a rename). What was handed over before goes to the old file.
    void reopen() noexcept;
    /// Writes what is there and ends the thread. Call when no worker writes any more.
    void stop() noexcept;

    Totals totals() const noexcept;

private:
    Writer(Output output, int waker) noexcept : output_(std::move(output)), waker_(waker) {}

    enum class Progress { all_written, nothing_to_do, output_is_busy, output_fails };

    void run();
    static bool is_done(Progress progress) noexcept {
        return progress == Progress::all_written || progress == Progress::nothing_to_do;
    }
    Progress write_all();
    /// Says once when lines begin to be lost, and once when all that there is has been written.
    void judge(Progress progress);
    Progress write_lane(Lane& lane);
    void note_failure(int error);
    void open_anew();
    void drop_rest();
    void wake() noexcept;
    void wait(Progress progress);

    Output output_;
    const int waker_;  // eventfd
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<bool> must_reopen_{false};
    std::atomic<bool> must_stop_{false};
    metrics::Counter bytes_;
    metrics::Counter dropped_;
    std::size_t turn_ = 0;     // the lane that is written next; one whose line is not whole goes on
    bool is_failing_ = false;  // and has been logged
    std::uint64_t dropped_before_ = 0;
    bool is_mid_line_ = false;  // what was written last is not the end of a line
    std::thread thread_;
};

}  // namespace fairlead::access_log
