#include "proxy/net/reactor.hpp"

#include "proxy/base/log.hpp"
#include "proxy/net/frame_pool.hpp"
#include "proxy/net/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>

namespace fairlead::net {
namespace {

// What still waits this long after stop() waits for something that cannot be ended.
constexpr Duration patience_when_stopping = 500ms;

constexpr std::uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/// epoll_wait(), but no cancellation point: as receive() is none.
int wait_for_events(int epoll, std::span<epoll_event> into, int milliseconds) noexcept {
    return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, into.data(), into.size(),
                                      milliseconds, nullptr, std::size_t{0}));
}

}  // namespace

void Watch::begin(Reactor& reactor, int fd, Starts starts) noexcept {
    end();
    reactor_ = &reactor;
    fd_ = fd;
    readable_ = is_accepted_ = starts == Starts::accepted;
    writable_ = starts != Starts::connecting;
    hung_up_ = is_registered_ = asks_for_room_ = reads_ahead_ = false;
    next_ = reactor.watches_;
    if (next_ != nullptr) next_->link_ = &next_;
    reactor.watches_ = this;
    link_ = &reactor.watches_;
}

void Watch::end() {
    if (reactor_ == nullptr) return;
    cancel();
    reactor_->remove(*this);
    reactor_ = nullptr;
    ahead_.reset();
}

void Watch::forget() {
    if (reactor_ != nullptr && is_registered_)
        ::epoll_ctl(reactor_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
    end();
}

void Watch::cancel() {
    reads_ahead_ = false;
    end_wait(reader_);
    end_wait(writer_);
}

void Watch::end_wait(Waiter*& waiter) {
    // Deferred: whoever cancels must not find the waiting coroutine's work done, or undone, in its
    // own.
    if (waiter != nullptr) reactor_->defer(*std::exchange(waiter, nullptr), false);
}

void Watch::begin_wait(Waiter*& place, Waiter& waiter) noexcept {
    // A wait that cannot begin ends as if it had been cancelled.
    if (reactor_->is_stopped() || !registered(&place == &writer_)) {
        reactor_->defer(waiter, false);
    } else {
        place = &waiter;
    }
}

bool Watch::wake_when_readable(Waiter& waiter) noexcept {
    if (readable_ || reactor_ == nullptr) return false;
    begin_wait(reader_, waiter);
    return true;
}

bool Watch::wake_when_writable(Waiter& waiter) noexcept {
    if (writable_ || reactor_ == nullptr) return false;
    begin_wait(writer_, waiter);
    return true;
}

void Watch::break_off() noexcept {
    readable_ = hung_up_ = true;
    // Deferred: whoever writes has others to write to.
    if (reader_ != nullptr) reactor_->defer(*std::exchange(reader_, nullptr), true);
}

Buffer Watch::take_ahead() noexcept {
    if (ahead_is_all_) drained();
    return std::move(ahead_);
}

std::size_t Watch::take_ahead(std::span<char> into) noexcept {
    const auto bytes = ahead_.filled().substr(0, into.size());
    std::copy(bytes.begin(), bytes.end(), into.begin());
    ahead_.consume(bytes.size());
    if (ahead_.filled_size() == 0) take_ahead();
    return bytes.size();
}

bool Watch::registered(bool for_writing) noexcept {
    if (is_registered_ && (asks_for_room_ || !for_writing)) return true;
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    if (for_writing) event.events |= EPOLLOUT;
    event.data.ptr = this;
    const int what = is_registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(reactor_->epoll_.get(), what, fd_, &event) != 0) return false;
    is_registered_ = true;
    asks_for_room_ = for_writing;
    return true;
}

void Watch::note(std::uint32_t events) noexcept {
    hung_up_ = hung_up_ || (events & end_events) != 0;
    readable_ = readable_ || (events & (EPOLLIN | end_events)) != 0;
}

void Watch::handle(std::uint32_t events) {
    note(events);
    const bool wakes_writer = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    writable_ = writable_ || wakes_writer;
    if ((events & (EPOLLIN | end_events)) != 0) reads_ahead_ = false;
    Waiter* const reader = readable_ ? std::exchange(reader_, nullptr) : nullptr;
    Waiter* const writer = wakes_writer ? std::exchange(writer_, nullptr) : nullptr;
    if (reader != nullptr && writer != nullptr) {
        // The one that is woken first may end this watch, its connection and all.
        reactor_->defer(*writer, true);
        reader->wake(true);
    } else if (reader != nullptr) {
        reader->wake(true);
    } else if (writer != nullptr) {
        writer->wake(true);
    }
}

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_ || !wake_up_) throw std::system_error(errno, std::system_category(), "epoll");
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = this;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_up_.get(), &event) != 0)
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
}

Reactor::~Reactor() = default;

void Reactor::run() {
    TimePoint give_up = TimePoint::max();
    while (!stopped_ || guests_ > 0 || !deferred_.empty()) {
        turn(stopped_ ? Duration(10ms) : Duration::max());
        if (!stopped_) continue;
        if (give_up == TimePoint::max()) give_up = wheel_.now() + patience_when_stopping;
        if (wheel_.now() > give_up) {
            log::warn("reactor.left_behind", log::kv("coroutines", guests_));
            break;
        }
    }
    FramePool::clear();
}

void Reactor::turn(Duration at_most) {
    const int count = wait_for_events(epoll_.get(), events_, milliseconds_to_wait(at_most));
    wheel_.set_now(DeadlineWheel::coarse_now());
    if (count > 0) handle_events(count);
    if (!deferred_.empty()) run_deferred();
    wheel_.advance();
    if (!deferred_.empty()) run_deferred();
}

int Reactor::milliseconds_to_wait(Duration at_most) const noexcept {
    if (!deferred_.empty()) return 0;
    const auto until_due = wheel_.until_due();
    const auto wait = std::min(at_most, until_due);
    if (wait == Duration::max()) return -1;
    if (wait <= Duration::zero()) return 0;
    constexpr Duration longest = 1h;
    const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(std::min(wait, longest));
    return static_cast<int>(rounded_up.count());
}

void Reactor::handle_events(int count) {
    event_count_ = static_cast<std::size_t>(count);
    bool has_posted = false;
    // Before anyone is woken, everyone knows: who takes an idle connection sees what has come on
    // it.
    for (std::size_t i = 0; i < event_count_; ++i) {
        if (events_[i].data.ptr != this) {
            static_cast<Watch*>(events_[i].data.ptr)->note(events_[i].events);
            continue;
        }
        events_[i].data.ptr = nullptr;
        has_posted = true;
    }
    for (next_event_ = 0; next_event_ < event_count_;) {
        const auto begin = next_event_;
        const auto end = std::min(begin + round, event_count_);
        const bool is_round = end - begin > 1;
        if (is_round) {
            read_ahead(begin, end);
            outbox_.open();
            // First, because each kind runs through its own half of the code.
            wake_waiters(begin, end, true);
        }
        wake_waiters(begin, end, false);
        next_event_ = end;
        if (is_round) outbox_.close();
    }
    event_count_ = 0;
    if (has_posted) run_posted();
}

void Reactor::read_ahead(std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) {
        auto* const watch = static_cast<Watch*>(events_[i].data.ptr);
        // Ends and errors are for whoever waits.
        if (watch == nullptr || events_[i].events != EPOLLIN || !watch->reads_ahead_) continue;
        auto buffer = buffers_.borrow(BufferPool::small);
        const auto n = receive(watch->fd_, buffer.space());
        if (n <= 0) continue;
        buffer.commit(static_cast<std::size_t>(n));
        watch->ahead_is_all_ = !buffer.space().empty();
        watch->ahead_ = std::move(buffer);
    }
}

void Reactor::wake_waiters(std::size_t begin, std::size_t end, bool only_accepted) {
    for (auto i = begin; i < end; ++i) {
        auto* const watch = static_cast<Watch*>(events_[i].data.ptr);
        if (watch == nullptr || (only_accepted && !watch->is_accepted_)) continue;
        events_[i].data.ptr = nullptr;
        watch->handle(events_[i].events);
    }
}

void Reactor::run_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_up_.get(), &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(mutex_);
        work.swap(posted_);
    }
    for (auto& item : work) item();
}

void Reactor::post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(work));
        if (posted_.size() > 1) return;  // a wake-up is on its way
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_up_.get(), &one, sizeof one);
}

void Reactor::defer(Waiter& waiter, bool ready) noexcept {
    waiter.deferred_result_ = ready;
    deferred_.append(waiter);
}

void Reactor::run_deferred() {
    while (!deferred_.empty()) {
        auto& waiter = static_cast<Waiter&>(deferred_.first());
        waiter.withdraw();
        waiter.wake(waiter.deferred_result_);
    }
}

void Reactor::stop() {
    stopped_ = true;
    for (Watch* watch = watches_; watch != nullptr; watch = watch->next_) watch->cancel();
}

void Reactor::remove(Watch& watch) noexcept {
    *watch.link_ = watch.next_;
    if (watch.next_ != nullptr) watch.next_->link_ = watch.link_;
    // The kernel forgets the descriptor as it is closed; events of this batch may remain.
    if (!watch.is_registered_) return;
    for (auto i = next_event_; i < event_count_; ++i) {
        if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
    }
}

}  // namespace fairlead::net
