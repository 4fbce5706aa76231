// One worker: a thread's reactor and everything that lives on it.
//
// Threads: the worker's own, but for the constructor, start(), post(), join() (control) and what
// counters() and connections read (any).
#pragma once

#include "proxy/access_log/lane.hpp"
#include "proxy/base/object_pool.hpp"
#include "proxy/base/random.hpp"
#include "proxy/http/http1_client_stream.hpp"
#include "proxy/http/http1_server_stream.hpp"
#include "proxy/http/trace.hpp"
#include "proxy/metrics/counters.hpp"
#include "proxy/model/snapshot.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/listener.hpp"
#include "proxy/net/reactor.hpp"
#include "proxy/session/listener_context.hpp"
#include "proxy/upstream/pool.hpp"
#include "proxy/upstream/resolver.hpp"

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>

#include <atomic>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::session {

class Connection;

/// What all workers share. Outlives them.
struct Shared {
    explicit Shared(upstream::Resolver::Lookup lookup)
        : resolver(std::make_unique<upstream::Resolver>(std::move(lookup),
                                                        upstream::Resolver::Settings())) {}

    model::Limits limits;
    model::TraceSettings trace;
    std::atomic<std::uint32_t> connections{0};  // client connections over all workers
    // Until the workers have been joined.
    std::unique_ptr<upstream::Resolver> resolver;
};

/// A request holds one: its snapshot cannot change or vanish under it. Copying costs no atomic.
using PinnedSnapshot = boost::local_shared_ptr<const model::SnapshotPtr>;

class Worker {
public:
    Worker(std::size_t index, Shared& shared);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Control thread
    /// Where each request gets a line, from now on. Before start(); outlives the thread.
    void log_to(access_log::Lane& lane) noexcept { access_log_ = &lane; }
    /// Takes `descriptor`. Before start().
    void listen(int descriptor, const model::Address& address, const ListenerContext& context);
    void start();
    /// Runs `work` on the worker.
    void post(std::function<void()> work);
    /// Begins to end everything: requests under way are answered 503, or cut where their answer has
    /// begun.
    void begin_stop();
    /// The same, and waits for the thread. Idempotent.
    void join();
    const metrics::Counters& counters() const noexcept { return counters_; }

    // Worker thread
    std::size_t index() const noexcept { return index_; }
    net::Reactor& reactor() noexcept { return reactor_; }
    net::DeadlineWheel& wheel() noexcept { return reactor_.wheel(); }
    net::BufferPool& buffers() noexcept { return reactor_.buffers(); }
    ObjectPool<http::Http1ServerStream>& server_streams() noexcept { return server_streams_; }
    ObjectPool<http::Http1ClientStream>& client_streams() noexcept { return client_streams_; }
    upstream::Pool& pool() noexcept { return pool_; }
    metrics::Counters& counters() noexcept { return counters_; }
    const PinnedSnapshot& snapshot() const noexcept { return snapshot_; }
    /// Null: there is no access log.
    access_log::Lane* access_log() const noexcept { return access_log_; }
    http::Trace trace_of(const http::RequestHead& request) noexcept {
        return {request, shared_.trace, random_, static_cast<std::uint32_t>(std::time(nullptr))};
    }
    Random& random() noexcept { return random_; }
    bool is_draining() const noexcept { return draining_; }
    bool is_stopping() const noexcept { return stopping_; }
    /// A request that a client sends just when we begin to drain is still answered.
    static constexpr Duration patience_when_draining = 1s;

    void install(model::SnapshotPtr snapshot);
    /// `drained` is called, on the worker, when no client connection is left.
    void begin_drain(std::function<void()> drained);

private:
    friend class Connection;

    static void close_listeners(void* self);
    static void close_waiting(void* self);
    static void cut_connections(void* self);
    static void sweep(void* self);
    void accept(net::Descriptor socket, const net::SocketAddress& peer,
                const ListenerContext& context);
    /// Answers 503 if the client can be told so at once.
    void refuse(const net::Descriptor& socket);
    void add(Connection& connection);
    void remove(Connection& connection);
    void tell_if_drained();
    void stop();
    void end();

    const std::size_t index_;
    Shared& shared_;
    net::Reactor reactor_;
    TextBuffer scratch_;
    ObjectPool<http::Http1ServerStream> server_streams_;
    ObjectPool<http::Http1ClientStream> client_streams_;
    metrics::Counters counters_;
    access_log::Lane* access_log_ = nullptr;
    Random random_;  // of trace ids
    upstream::Pool pool_;
    PinnedSnapshot snapshot_;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    net::Deadline sweep_;
    net::Deadline handshakes_;
    net::Deadline patience_;
    net::Deadline last_answers_;  // before the thread ends
    Connection* connections_ = nullptr;
    std::function<void()> drained_;
    bool draining_ = false;
    bool accepts_ = true;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace fairlead::session
