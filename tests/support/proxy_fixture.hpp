// The whole data plane on loopback, with the services and routes that a test publishes.
#pragma once

#include "proxy/aio/types.hpp"
#include "proxy/data_plane.hpp"
#include "proxy/model/snapshot.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/socket_peer.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::test {

class ProxyFixture {
public:
    /// One listener on 127.0.0.1 and one worker, unless `adjust` changes it.
    explicit ProxyFixture(const std::function<void(model::ProcessSettings&)>& adjust = {},
                          upstream::Resolver::Lookup lookup = upstream::Resolver::system_lookup());
    ~ProxyFixture();

    /// One service "web" with these endpoints, and a route to it from every host and path.
    void serve(const std::vector<model::Address>& endpoints,
               const model::ServiceSettings& settings = {});
    /// Returns when all workers have it.
    void publish(const model::SourceState& state);

    SocketPeer connect(std::size_t listener = 0);
    std::uint16_t port(std::size_t listener = 0) const { return plane_->bound().at(listener).port; }
    DataPlane& plane() noexcept { return *plane_; }
    model::SnapshotPtr snapshot() const { return compiler_.current(); }
    /// The state of the only service's endpoint number `i`.
    const model::EndpointState& endpoint(std::size_t i = 0) const;

    void begin_drain(std::function<void()> drained);

private:
    aio::IoContext control_;
    boost::asio::executor_work_guard<aio::executor> work_;
    std::unique_ptr<DataPlane> plane_;
    model::Catalog catalog_;
    model::SnapshotCompiler compiler_;
    std::thread control_thread_;
};

/// A state with one service and a route to it from everywhere.
model::SourceState one_service(const std::vector<model::Address>& endpoints,
                               const model::ServiceSettings& settings = {});

}  // namespace fairlead::test
