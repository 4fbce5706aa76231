// The data path as one thing: workers, their listeners, and the snapshot they serve by.
//
// Threads: control, all of it; the workers' threads are inside. The process ignores SIGPIPE:
// OpenSSL writes to sockets that a peer may have closed.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/metrics/counters.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/snapshot.hpp"
#include "proxy/upstream/resolver.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace fairlead {

class DataPlane {
public:
    /// Runs a function on the control thread, soon. Callable from any thread.
    using Post = std::function<void(std::function<void()>)>;

    /// The callbacks below are run through `control`, which outlives this. `lookup`: who knows the
    /// endpoints' host names.
    DataPlane(const model::ProcessSettings& settings, Post control,
              upstream::Resolver::Lookup lookup = upstream::Resolver::system_lookup());
    /// Stops what still runs.
    ~DataPlane();
    DataPlane(const DataPlane&) = delete;
    DataPlane& operator=(const DataPlane&) = delete;

    /// Loads certificates, binds every listener and starts the workers. Without a publish() before
    /// it, requests get 503 until the first. A problem names the listener; nothing runs then.
    Checked<> start();

    std::size_t workers() const noexcept;

    /// The addresses really bound, in the order of settings.listeners. After start().
    std::vector<model::Address> bound() const;

    /// Hands the snapshot to all workers; `installed` is called on the control thread once each has
    /// it.
    void publish(model::SnapshotPtr snapshot, std::function<void()> installed = {});

    /// Stops accepting (what is already queued is served), closes idle client connections, and
    /// makes every further answer the last of its connection. `drained` is called when none is
    /// left.
    void begin_drain(std::function<void()> drained);

    /// Opens the access log's file anew, after somebody renamed it. Nothing where there is none.
    void reopen_log();

    /// Ends every connection and joins the workers. Idempotent.
    void stop();

    std::uint64_t total(metrics::Metric metric) const noexcept;
    std::uint64_t total(Reason reason) const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// CPUs this process may use: affinity and cgroup quota counted, at least 1.
unsigned usable_cpus();

}  // namespace fairlead
