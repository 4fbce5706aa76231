#include "proxy/net/reactor.hpp"

#include <system_error>
#include <utility>

namespace fairlead::net {

bool Watch::begin(Reactor& reactor, int fd, Starts starts) {
    end();
    reactor_ = &reactor;
    fd_ = fd;
    readable_ = hung_up_ = false;
    writable_ = starts == Starts::writable;
    if (reactor.add(*this)) return true;
    reactor_ = nullptr;
    return false;
}

void Watch::end() {
    if (reactor_ == nullptr) return;
    cancel();
    reactor_->remove(*this);
    reactor_ = nullptr;
}

void Watch::forget() {
    if (reactor_ != nullptr)
        ::epoll_ctl(reactor_->epoll_.native_handle(), EPOLL_CTL_DEL, fd_, nullptr);
    end();
}

void Watch::cancel() {
    end_wait(reader_);
    end_wait(writer_);
}

void Watch::end_wait(std::optional<Waiter>& waiter) {
    if (!waiter) return;
    // By post: whoever cancels must not find the waiting coroutine's work done, or undone, in its
    // own.
    asio::post(reactor_->get_executor(),
               [ended = std::move(*waiter)]() mutable { std::move(ended)(false); });
    waiter.reset();
}

void Watch::wake(std::optional<Waiter>& waiter) {
    if (!waiter) return;
    Waiter woken = std::move(*waiter);
    waiter.reset();
    std::move(woken)(true);  // `this` may be gone after it
}

task<bool> Watch::wait(std::optional<Waiter>& waiter) {
    const asio::use_awaitable_t<executor> use;
    return asio::async_initiate<const asio::use_awaitable_t<executor>&, void(bool)>(
        [&waiter](auto&& handler) { waiter.emplace(std::forward<decltype(handler)>(handler)); },
        use);
}

task<bool> Watch::readable() {
    if (readable_) co_return true;
    if (reactor_ == nullptr || reactor_->is_stopped()) co_return false;
    co_return co_await wait(reader_);
}

task<bool> Watch::writable() {
    if (writable_) co_return true;
    if (reactor_ == nullptr || reactor_->is_stopped()) co_return false;
    co_return co_await wait(writer_);
}

void Watch::handle(std::uint32_t events) {
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    hung_up_ = hung_up_ || (events & ends) != 0;
    const bool wakes_writer = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    writable_ = writable_ || wakes_writer;
    if ((events & (EPOLLIN | ends)) != 0) readable_ = true;
    if (!wakes_writer || !writer_) {
        if (readable_) wake(reader_);
        return;
    }
    if (!readable_ || !reader_) return wake(writer_);
    // Both: the one that is woken first may end this watch, its connection and all.
    asio::post(reactor_->get_executor(),
               [woken = std::move(*writer_)]() mutable { std::move(woken)(true); });
    writer_.reset();
    wake(reader_);
}

Reactor::Reactor(IoContext& io) : io_(io), epoll_(io) {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
    epoll_.assign(fd);
}

void Reactor::start() {
    await_events();
}

void Reactor::stop() {
    stopped_ = true;
    for (Watch* watch = watches_; watch != nullptr; watch = watch->next_) watch->cancel();
    error_code ignored;
    epoll_.cancel(ignored);
}

void Reactor::await_events() {
    epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
        if (ec || stopped_) return;
        run_events();
        if (!stopped_) await_events();
    });
}

void Reactor::run_events() {
    const int count =
        ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
    if (count <= 0) return;
    event_count_ = static_cast<std::size_t>(count);
    for (next_event_ = 0; next_event_ < event_count_;) {
        const auto& event = events_[next_event_++];
        if (event.data.ptr != nullptr) static_cast<Watch*>(event.data.ptr)->handle(event.events);
    }
    event_count_ = 0;
}

bool Reactor::add(Watch& watch) {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watch;
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, watch.fd_, &event) != 0) return false;
    watch.next_ = watches_;
    if (watches_ != nullptr) watches_->link_ = &watch.next_;
    watches_ = &watch;
    watch.link_ = &watches_;
    return true;
}

void Reactor::remove(Watch& watch) noexcept {
    *watch.link_ = watch.next_;
    if (watch.next_ != nullptr) watch.next_->link_ = watch.link_;
    // The kernel forgets the descriptor as it is closed; events of this batch may remain.
    for (auto i = next_event_; i < event_count_; ++i) {
        if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
    }
}

}  // namespace fairlead::net
