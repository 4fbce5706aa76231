#include "control/embedded/disk_thread.hpp"

#include "proxy/aio/event.hpp"

#include <memory>
#include <utility>

namespace fairlead::control {

DiskThread::~DiskThread() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

aio::task<> DiskThread::run(std::function<void()> work) {
    if (!thread_.joinable()) thread_ = std::thread([this] { work_off(); });
    // Shared with what is posted back: it may come when the waiting coroutine is no more.
    const auto done = std::make_shared<aio::Event>(io_.get_executor());
    {
        const std::lock_guard lock(mutex_);
        // Given away, not copied: an event must not end on the other thread.
        queue_.push_back([this, event = done, work = std::move(work)]() mutable {
            work();
            aio::asio::post(io_, [event = std::move(event)] { event->set(); });
        });
    }
    changed_.notify_one();
    co_await done->wait();
}

void DiskThread::work_off() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        auto work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
    }
}

}  // namespace fairlead::control
