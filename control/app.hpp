// The whole process: every part, what it is given, and in which order it starts and stops.
//
// Start: sources first, so that the first request already finds the routes that are known; then the
// workers and their listeners, then API, health and admin. Stop: health says 503 and requests are
// still served (shutdown.grace), then the listeners drain, and what is in flight has
// shutdown.timeout to end.
//
// Threads: control is the caller of run(); the workers are inside the data plane.
#pragma once

#include "control/admin/admin_routes.hpp"
#include "control/admin/health_endpoint.hpp"
#include "control/api/redx_api.hpp"
#include "control/config/config_loader.hpp"
#include "control/config/file_source.hpp"
#include "control/http_server.hpp"
#include "control/reconciler.hpp"
#include "control/signals.hpp"
#include "control/store/store.hpp"
#include "discovery/source.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/data_plane.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

class App {
public:
    /// `file`, `settings` and `given`: a file that was loaded without problems and what it says; or
    /// none and embedded_defaults().
    App(std::optional<std::string> file, model::ProcessSettings settings,
        std::vector<GivenSetting> given);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Serves until a signal. The exit code: 0 after a shutdown, 1 when it could not start.
    int run();

private:
    aio::task<> live();
    aio::task<> shut_down();
    aio::task<> run_source(discovery::Source& source);
    aio::task<> wait_until(TimePoint deadline, std::function<bool()> is_true);

    bool open_parts();
    void add_source(discovery::Source& source);
    bool start_serving();
    bool start_server(HttpServer& server);
    void announce() const;
    void publish(model::SnapshotPtr snapshot, std::function<void()> installed);
    void on_signal(int signal);
    void re_read_file();
    void stop_parts();
    void give_up(const std::string& why);
    void wake() { wake_.cancel(); }

    // The order is the order of dependency; the loop outlives all that runs on it.
    aio::IoContext io_{1};
    const std::optional<std::string> file_;
    const model::ProcessSettings settings_;
    const std::vector<GivenSetting> given_;
    const WallTime started_ = std::chrono::system_clock::now();
    aio::timer wake_{io_};
    DataPlane data_plane_;
    const std::shared_ptr<Journal> journal_;
    Reconciler reconciler_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<FileSource> file_source_;
    std::unique_ptr<discovery::Source> docker_source_;
    std::vector<discovery::Source*> sources_;
    std::unique_ptr<RedxApi> api_;
    HealthEndpoint health_;
    std::unique_ptr<AdminRoutes> admin_;
    std::unique_ptr<HttpServer> api_server_;
    std::unique_ptr<HttpServer> health_server_;
    std::unique_ptr<HttpServer> admin_server_;
    std::unique_ptr<Signals> signals_;

    std::vector<std::function<void()>> early_installed_;  // of snapshots from before it served
    bool is_serving_ = false;
    bool is_stopping_ = false;
    bool is_drained_ = false;
    int exit_code_ = 0;
};

}  // namespace fairlead::control
