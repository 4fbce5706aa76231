// Runs Docker discovery alone against the engine of a socket and prints each published state as one
// line of JSON, for docker_discovery_check.py.
//
//     docker_discovery_probe SOCKET
//
// Ends when its standard input does.
#include "discovery/docker_source.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/coroutine_failures.hpp"
#include "proxy/base/log.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace {

using namespace fairlead;

std::int64_t nanos(WallTime at) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

template <class List, class Print>
std::string joined(const List& list, Print print) {
    std::string text;
    for (const auto& item : list) text += (text.empty() ? "" : ",") + print(item);
    return text;
}

std::string endpoint_json(const model::EndpointSpec& endpoint) {
    return fmt::format(R"({{"address":"{}","identity":"{}","admission":"{}"}})",
                       to_string(endpoint.address), endpoint.identity,
                       to_string(endpoint.admission));
}
std::string service_json(const model::ServiceSpec& service) {
    return fmt::format(R"("{}":[{}])", service.name, joined(service.endpoints, endpoint_json));
}
std::string route_json(const model::RouteSpec& route) {
    return fmt::format(R"("{}{} {}")", route.host, route.path, route.service);
}
std::string rejected_json(const model::RejectedEntry& entry) {
    return fmt::format(R"("{}: {}")", entry.origin.place, entry.why);
}

void print(model::SourceChange change) {
    // Docker's is one item.
    const auto& state = *change.items.at(0).item;
    const auto now = std::chrono::system_clock::now();
    fmt::print(R"({{"at":{},"caused_at":{},"services":{{{}}},"routes":[{}],"rejected":[{}]}})"
               "\n",
               nanos(now), change.caused_at ? nanos(*change.caused_at) : 0,
               joined(state.services, service_json), joined(state.routes, route_json),
               joined(state.rejected, rejected_json));
    std::fflush(stdout);
}

aio::task<> run(discovery::DockerSource& source) {
    const discovery::Source::Publish publish = print;
    co_await source.run(publish);
}

aio::task<> end_with_input(aio::executor executor, discovery::DockerSource& source) {
    aio::asio::posix::basic_stream_descriptor<aio::executor> input(executor, ::dup(STDIN_FILENO));
    char byte = 0;
    const auto buffer = aio::asio::buffer(&byte, 1);
    const aio::token as_tuple;
    for (;;) {
        const auto [ec, n] = co_await input.async_read_some(buffer, as_tuple);
        if (ec) break;
    }
    source.stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
        return 2;
    }
    log::start(log::Level::info);
    model::DockerSettings settings;
    settings.socket = argv[1];
    aio::IoContext context{1};
    discovery::DockerSource source(context.get_executor(), settings);
    aio::spawn(context.get_executor(), "probe.source", run(source));
    aio::spawn(context.get_executor(), "probe.input",
               end_with_input(context.get_executor(), source));
    context.run();
    log::stop();
    return failed_coroutines() == 0 ? 0 : 1;
}
