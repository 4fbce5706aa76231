#include "proxy/data_plane.hpp"

#include "proxy/access_log/writer.hpp"
#include "proxy/base/coroutine_failures.hpp"
#include "proxy/net/tls.hpp"
#include "proxy/session/listener_context.hpp"
#include "proxy/session/worker.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>

namespace fairlead {

class DataPlane::Impl {
public:
    Impl(const model::ProcessSettings& settings, Post control, upstream::Resolver::Lookup lookup)
        : settings_(settings), control_(std::move(control)), shared_(std::move(lookup)) {
        shared_.limits = settings.limits;
        shared_.trace = settings.trace;
        const auto count = settings.workers > 0 ? settings.workers : usable_cpus();
        for (std::size_t i = 0; i < count; ++i)
            workers_.push_back(std::make_unique<session::Worker>(i, shared_));
    }
    ~Impl() { stop(); }

    Checked<> start();
    void publish(model::SnapshotPtr snapshot, std::function<void()> installed);
    void begin_drain(std::function<void()> drained);
    void stop();
    void reopen_log() {
        if (access_log_) access_log_->reopen();
    }
    access_log::Totals log_totals() const noexcept {
        return access_log_ ? access_log_->totals() : access_log::Totals();
    }

    const std::vector<std::unique_ptr<session::Worker>>& workers() const noexcept {
        return workers_;
    }
    const std::vector<model::Address>& bound() const noexcept { return bound_; }

private:
    Checked<session::ListenerContext> make_context(const model::ListenerSettings& listener) const;
    Checked<> start_log();
    model::SnapshotPtr freed_on_control(model::SnapshotPtr snapshot);
    /// Runs `work` on every worker, and then `done` on the control thread.
    void on_all_workers(std::function<void(session::Worker&, std::function<void()>)> work,
                        std::function<void()> done);

    const model::ProcessSettings settings_;
    const Post control_;
    session::Shared shared_;
    std::unique_ptr<access_log::Writer> access_log_;  // outlives the workers; null: none
    std::vector<std::unique_ptr<session::ListenerContext>> contexts_;
    std::vector<std::unique_ptr<session::Worker>> workers_;
    std::vector<model::Address> bound_;
};

Checked<session::ListenerContext> DataPlane::Impl::make_context(
    const model::ListenerSettings& listener) const {
    session::ListenerContext context;
    context.settings = listener;
    const auto& limits = settings_.limits;
    context.stream.head = session::head_limits(limits);
    context.stream.request_body = settings_.limits.request_body;
    context.stream.head_timeout = listener.head_timeout;
    context.stream.body_timeout = listener.body_timeout;
    context.stream.min_rates = listener.min_rates;
    context.stream.half_close = listener.half_close;
    context.stream.underscores = listener.underscores;
    if (listener.tls) {
        auto tls = net::TlsContext::load(*listener.tls);
        if (!tls) return problem("listener {}: {}", to_string(listener.bind), tls.error().text());
        context.tls = std::move(*tls);
    }
    return context;
}

Checked<> DataPlane::Impl::start_log() {
    if (settings_.access_log.path.empty()) return {};
    auto log = access_log::Writer::start(settings_.access_log, workers_.size());
    if (!log) return log.error();
    access_log_ = std::move(*log);
    for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->log_to(access_log_->lane(i));
    return {};
}

Checked<> DataPlane::Impl::start() {
    const auto logged = start_log();
    if (!logged) return logged;
    std::vector<net::BoundListener> bound;
    const auto give_up = [&](const Problem& why) -> Checked<> {
        for (const auto& listener : bound) {
            for (const int descriptor : listener.descriptors) ::close(descriptor);
            net::remove_stale_socket(listener.address);
        }
        contexts_.clear();
        return why;
    };
    for (const auto& listener : settings_.listeners) {
        auto context = make_context(listener);
        if (!context) return give_up(context.error());
        auto sockets = net::bind_listener(listener.bind, workers_.size(), listener.mode);
        if (!sockets) return give_up(sockets.error());
        if (sockets->address.kind == model::Address::Kind::tcp)
            context->port = std::to_string(sockets->address.port);
        contexts_.push_back(std::make_unique<session::ListenerContext>(std::move(*context)));
        bound.push_back(std::move(*sockets));
    }
    for (std::size_t i = 0; i < bound.size(); ++i) {
        for (std::size_t w = 0; w < workers_.size(); ++w) {
            workers_[w]->listen(bound[i].descriptors[w], bound[i].address, *contexts_[i]);
        }
        bound_.push_back(bound[i].address);
    }
    for (auto& worker : workers_) worker->start();
    return {};
}

model::SnapshotPtr DataPlane::Impl::freed_on_control(model::SnapshotPtr snapshot) {
    // The last request that uses a snapshot ends on a worker; freeing a big table there would stall
    // others.
    const auto* const raw = snapshot.get();
    const auto& control = control_;
    return {raw, [held = std::move(snapshot), &control](const model::Snapshot*) mutable {
                control([freed = std::move(held)] {});
            }};
}

void DataPlane::Impl::on_all_workers(
    std::function<void(session::Worker&, std::function<void()>)> work, std::function<void()> done) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    const auto& control = control_;
    const std::function<void()> one_done = [left, &control, done = std::move(done)] {
        // acq_rel: what the workers did happens before `done`.
        if (left->fetch_sub(1, std::memory_order_acq_rel) == 1 && done) control(done);
    };
    for (auto& worker : workers_) {
        auto& target = *worker;
        target.post([&target, work, one_done] { work(target, one_done); });
    }
}

void DataPlane::Impl::publish(model::SnapshotPtr snapshot, std::function<void()> installed) {
    const auto shared = freed_on_control(std::move(snapshot));
    const auto install = [shared](session::Worker& worker, const std::function<void()>& done) {
        worker.install(shared);
        done();
    };
    on_all_workers(install, std::move(installed));
}

void DataPlane::Impl::begin_drain(std::function<void()> drained) {
    const auto begin = [](session::Worker& worker, const std::function<void()>& done) {
        worker.begin_drain(done);
    };
    on_all_workers(begin, std::move(drained));
}

void DataPlane::Impl::stop() {
    for (auto& worker : workers_) worker->begin_stop();
    for (auto& worker : workers_) worker->join();
    if (access_log_) access_log_->stop();
    shared_.resolver.reset();  // no answer comes any more, to whichever worker asked
    for (const auto& address : bound_) net::remove_stale_socket(address);
    bound_.clear();
}

DataPlane::DataPlane(const model::ProcessSettings& settings, Post control,
                     upstream::Resolver::Lookup lookup)
    : impl_(std::make_unique<Impl>(settings, std::move(control), std::move(lookup))) {}
DataPlane::~DataPlane() = default;

Checked<> DataPlane::start() {
    return impl_->start();
}
std::size_t DataPlane::workers() const noexcept {
    return impl_->workers().size();
}
std::vector<model::Address> DataPlane::bound() const {
    return impl_->bound();
}
void DataPlane::publish(model::SnapshotPtr snapshot, std::function<void()> installed) {
    impl_->publish(std::move(snapshot), std::move(installed));
}
void DataPlane::begin_drain(std::function<void()> drained) {
    impl_->begin_drain(std::move(drained));
}
void DataPlane::reopen_log() {
    impl_->reopen_log();
}
void DataPlane::stop() {
    impl_->stop();
}

std::uint64_t DataPlane::total(metrics::Metric metric) const noexcept {
    // Exceptions that end coroutines are counted for the process, on whatever thread.
    if (metric == metrics::Metric::coroutine_failures) return failed_coroutines();
    if (metric == metrics::Metric::access_log_lines) return impl_->log_totals().lines;
    if (metric == metrics::Metric::access_log_bytes) return impl_->log_totals().bytes;
    if (metric == metrics::Metric::access_log_dropped) return impl_->log_totals().dropped;
    std::uint64_t sum = 0;
    for (const auto& worker : impl_->workers())
        sum += std::as_const(*worker).counters().value(metric);
    return sum;
}

std::uint64_t DataPlane::total(Reason reason) const noexcept {
    std::uint64_t sum = 0;
    for (const auto& worker : impl_->workers())
        sum += std::as_const(*worker).counters().value(reason);
    return sum;
}

unsigned usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    long count = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                               : ::sysconf(_SC_NPROCESSORS_ONLN);
    // cgroup v2: "max 100000" or "150000 100000".
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max" && period > 0) {
        count = std::min(
            count, static_cast<long>(std::ceil(std::strtod(quota.c_str(), nullptr) / period)));
    }
    return static_cast<unsigned>(std::max(count, 1L));
}

}  // namespace fairlead
