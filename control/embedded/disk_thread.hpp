// A thread for work that blocks on the disk, so that the control thread goes on meanwhile.
//
// Threads: control, except for what is run. One piece of work at a time, in the order given.
#pragma once

#include "proxy/aio/types.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace fairlead::control {

class DiskThread {
public:
    explicit DiskThread(aio::IoContext& io) : io_(io) {}
    /// What has been begun is finished first.
    ~DiskThread();
    DiskThread(const DiskThread&) = delete;
    DiskThread& operator=(const DiskThread&) = delete;

    /// Returns when `work` has been done there. What it refers to outlives it.
    aio::task<> run(std::function<void()> work);

private:
    void work_off();

    aio::IoContext& io_;
    std::mutex mutex_;  // of the two below
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    bool is_ending_ = false;
    std::thread thread_;  // begun with the first work
};

}  // namespace fairlead::control
