#include "control/app.hpp"

#include "control/api/redx_answers.hpp"
#include "control/store/store_factory.hpp"
#include "control/version.hpp"
#include "discovery/docker_source.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/balance/registry.hpp"
#include "proxy/base/duration_text.hpp"
#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <utility>

namespace fairlead::control {
namespace {

// How long the start waits for sources that are slow to answer (Redis, Docker).
constexpr Duration first_states_within = 1s;
// For coroutines to notice that they were told to stop.
constexpr Duration loose_ends_within = 2s;
// A file that is asked about: `fairlead diff`.
constexpr std::size_t file_limit = 16 * 1024 * 1024;
// What a shell reports for a process that a signal ended: 143 for SIGTERM, 130 for SIGINT.
constexpr int signal_exit_base = 128;

void raise_descriptor_limit() {
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log::warn("limits.descriptors_unchanged", log::kv("wanted", limit.rlim_max));
    }
}

std::string url(const model::Address& address, std::string_view scheme) {
    if (address.kind == model::Address::Kind::unix_socket) return to_string(address);
    return fmt::format("{}://{}", scheme, to_string(address));
}

/// The handler of a part that answers at once. `part` outlives it.
template <class Part>
class Answering {
public:
    explicit Answering(const Part& part) : part_(&part) {}
    aio::task<HttpReply> operator()(const HttpRequest& request) const {
        return answer(*part_, request);
    }

private:
    static aio::task<HttpReply> answer(const Part& part, const HttpRequest& request) {
        co_return part.handle(request);
    }

    const Part* part_;
};

}  // namespace

App::App(std::optional<std::string> file, model::ProcessSettings settings,
         std::vector<GivenSetting> given)
    : file_(std::move(file)),
      settings_(std::move(settings)),
      given_(std::move(given)),
      data_plane_(settings_,
                  [this](std::function<void()> work) { aio::asio::post(io_, std::move(work)); }),
      journal_(std::make_shared<Journal>(io_, settings_.journal, started_)),
      reconciler_(
          io_, balance::make_policy, data_plane_.workers(),
          [this](model::SnapshotPtr snapshot, std::function<void()> installed) {
              publish(std::move(snapshot), std::move(installed));
          },
          journal_),
      health_(reconciler_) {}

App::~App() = default;

int App::run() {
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    log::info("start", log::kv("version", version()), log::kv("file", file_.value_or("none")),
              log::kv("workers", data_plane_.workers()));
    if (!open_parts()) return exit_code_;
    signals_ = std::make_unique<Signals>(io_, [this](int signal) { on_signal(signal); });
    aio::spawn(io_.get_executor(), "app", live());
    io_.run();
    // What was told to stop may need a moment to do so; its coroutines refer to our members.
    io_.restart();
    io_.run_for(loose_ends_within);
    log::info("stopped", log::kv("exit_code", exit_code_));
    return exit_code_;
}

bool App::open_parts() {
    auto store = open_store(io_, settings_);
    if (!store) {
        give_up(store.error().text());
        return false;
    }
    store_ = std::move(*store);
    if (file_) {
        file_source_ = std::make_unique<FileSource>(io_, *file_, settings_);
        add_source(*file_source_);
    }
    add_source(store_->source());
    if (settings_.docker) {
        docker_source_ = std::make_unique<discovery::DockerSource>(
            io_.get_executor(), *settings_.docker, balance::check_policy_name);
        add_source(*docker_source_);
    }

    AdminFacts facts{reconciler_, {}, {}, {}, {}, started_};
    facts.sources.assign(sources_.begin(), sources_.end());
    facts.metric = [this](metrics::Metric metric) { return data_plane_.total(metric); };
    facts.reason = [this](Reason reason) { return data_plane_.total(reason); };
    facts.is_stopping = [this] { return is_stopping_; };
    facts.journal = journal_;
    facts.settings = settings_;
    facts.given = given_;
    facts.needs_restart = [this] {
        return file_source_ ? file_source_->needs_restart() : std::vector<std::string_view>();
    };
    facts.accept_loss = [this](const std::string& who) { return store_->accept_loss(who); };
    admin_ = std::make_unique<AdminRoutes>(std::move(facts));
    api_ = std::make_unique<RedxApi>(*store_, settings_.api);

    const auto ask_api = [this](const HttpRequest& request) { return api_->handle(request); };
    // What the API's server answers itself looks like all of the API's answers.
    const auto may_ask_api = [this](const HttpRequest& head) { return api_->refuse(head); };
    const HttpServerOptions api_options{settings_.api.max_body, redx_answer, may_ask_api};
    api_server_ =
        std::make_unique<HttpServer>(io_, "api", settings_.api.bind, ask_api, api_options);
    health_server_ = std::make_unique<HttpServer>(io_, "health", settings_.health,
                                                  Answering<HealthEndpoint>(health_));
    admin_server_ =
        std::make_unique<HttpServer>(io_, "admin", settings_.admin, Answering<AdminRoutes>(*admin_),
                                     HttpServerOptions{.most_body = file_limit});
    return true;
}

void App::add_source(discovery::Source& source) {
    sources_.push_back(&source);
}

aio::task<> App::live() {
    for (auto* source : sources_) {
        aio::spawn(io_.get_executor(), "source", run_source(*source));
    }
    const auto all_heard = [this] {
        return is_stopping_ || std::all_of(sources_.begin(), sources_.end(), [this](auto* source) {
                   return reconciler_.record(source->kind()).last_heard.has_value();
               });
    };
    const std::function<bool()> is_ready = all_heard;
    const auto patience = Clock::now() + first_states_within;
    co_await wait_until(patience, is_ready);
    // The states that came last are applied at the end of the loop's turn: let it pass.
    const aio::token as_result;
    co_await aio::asio::post(io_, as_result);
    if (is_stopping_ || !start_serving()) {
        stop_parts();
        co_return;
    }
    announce();
}

aio::task<> App::run_source(discovery::Source& source) {
    const auto take = [this](model::SourceChange change) {
        reconciler_.accept(std::move(change));
        wake();
    };
    const discovery::Source::Publish publish_state = take;
    co_await source.run(publish_state);
}

/// `is_true` is asked at each wake() and at the deadline. One waiter at a time.
aio::task<> App::wait_until(TimePoint deadline, std::function<bool()> is_true) {
    while (!is_true() && Clock::now() < deadline) {
        wake_.expires_at(deadline);
        co_await wake_.async_wait();
    }
}

bool App::start_serving() {
    // Before the start: the first request is answered by the first snapshot.
    data_plane_.publish(reconciler_.current(), [early = std::exchange(early_installed_, {})] {
        for (const auto& installed : early) installed();
    });
    const auto started = data_plane_.start();
    if (!started) {
        give_up(started.error().text());
        return false;
    }
    is_serving_ = true;
    return start_server(*api_server_) && start_server(*admin_server_) &&
           start_server(*health_server_);
}

bool App::start_server(HttpServer& server) {
    const auto started = server.start();
    if (!started) give_up(started.error().text());
    return started.has_value();
}

void App::announce() const {
    std::string traffic;
    const auto bound = data_plane_.bound();
    for (std::size_t i = 0; i < bound.size(); ++i) {
        const std::string_view scheme = settings_.listeners[i].tls ? "https" : "http";
        log::info("listening", log::kv("what", "traffic"), log::kv("scheme", scheme),
                  log::kv("address", to_string(bound[i])));
        traffic.append(traffic.empty() ? "" : ", ").append(url(bound[i], scheme));
    }
    const auto log_server = [](std::string_view what, const model::Address& address) {
        log::info("listening", log::kv("what", what), log::kv("scheme", "http"),
                  log::kv("address", to_string(address)));
    };
    log_server("api", api_server_->bound());
    log_server("health", health_server_->bound());
    log_server("admin", admin_server_->bound());
    const auto line =
        fmt::format("Fairlead {} serves {} | API {} | health {}/health | admin {}\n", version(),
                    traffic, url(api_server_->bound(), "http"),
                    url(health_server_->bound(), "http"), url(admin_server_->bound(), "http"));
    std::fputs(line.c_str(), stderr);
}

void App::publish(model::SnapshotPtr snapshot, std::function<void()> installed) {
    if (is_serving_) {
        data_plane_.publish(std::move(snapshot), std::move(installed));
    } else {
        early_installed_.push_back(std::move(installed));  // start_serving() hands over the newest
    }
}

void App::on_signal(int signal) {
    if (signal == SIGHUP) {
        re_read_file();
        return;
    }
    if (signal == SIGUSR1) {
        data_plane_.reopen_log();
        return;
    }
    if (is_stopping_) {
        log::warn("stop.now", log::kv("signal", signal));
        log::stop();
        std::_Exit(signal_exit_base + signal);
    }
    log::info("stop.begun", log::kv("signal", signal),
              log::kv("grace", duration_text(settings_.shutdown.grace)),
              log::kv("timeout", duration_text(settings_.shutdown.timeout)));
    is_stopping_ = true;
    health_.begin_stopping();
    wake();
    // Before it serves, live() sees the flag and ends by itself.
    if (is_serving_) aio::spawn(io_.get_executor(), "shutdown", shut_down());
}

void App::re_read_file() {
    if (!file_source_) {
        log::info("reload.no_file");
        return;
    }
    file_source_->reload();
}

aio::task<> App::shut_down() {
    const std::function<bool()> never = [] { return false; };
    const auto grace_ends = Clock::now() + settings_.shutdown.grace;
    co_await wait_until(grace_ends, never);

    data_plane_.begin_drain([this] {
        is_drained_ = true;
        wake();
    });
    const std::function<bool()> is_drained = [this] { return is_drained_; };
    const auto timeout_ends = Clock::now() + settings_.shutdown.timeout;
    co_await wait_until(timeout_ends, is_drained);
    if (!is_drained_) {
        log::warn("stop.cut",
                  log::kv("connections", data_plane_.total(metrics::Metric::connections_open)),
                  log::kv("requests", data_plane_.total(metrics::Metric::requests_active)));
    }
    stop_parts();
}

void App::stop_parts() {
    is_serving_ = false;
    data_plane_.stop();
    for (auto* source : sources_) source->stop();
    for (auto* server : {api_server_.get(), health_server_.get(), admin_server_.get()}) {
        server->stop();
    }
    signals_->stop();
    io_.stop();
}

void App::give_up(const std::string& why) {
    exit_code_ = 1;
    std::fputs(fmt::format("fairlead: {}\n", why).c_str(), stderr);
}

}  // namespace fairlead::control
