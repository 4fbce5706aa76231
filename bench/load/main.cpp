// fairlead-load: HTTP/1.1 load on this machine, closed or open loop, with honest latencies.
#include "bench/common/options.hpp"
#include "bench/load/driver.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <signal.h>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr const char* help =
    "usage: fairlead-load [options] http://127.0.0.1:PORT/PATH | http://unix:/SOCKET:/PATH\n\n"
    "  --connections N   kept open at the same time, over all threads (default 64)\n"
    "  --threads N       (default 1)\n"
    "  --duration S      seconds (default 10)\n"
    "  --rate R          requests a second, open loop: latency counts from when a request was "
    "due;\n"
    "                    0: closed loop, as fast as the answers come (default 0)\n"
    "  --method M        (default GET)\n"
    "  --body-size N     bytes of request body (default 0)\n"
    "  -H 'Name: value'  another header field; may be repeated\n"
    "  --close           one connection a request\n"
    "  --timeout S       seconds for one complete answer (default 10)\n"
    "  --json            one JSON object instead of text\n\n"
    "SIGTERM and SIGINT end the run early; the report covers what was measured.\n"
    "Only addresses of this machine are accepted: it is a measuring tool, not a weapon.\n"
    "Exit status: 0; 1 when no request was answered; 2 for a wrong command line.\n";

struct Command {
    std::optional<Url> url;
    RequestShape shape;
    Plan plan;
    unsigned threads = 1;
    bool json = false;
};

Url local_url(const std::string& text) {
    auto url = parse_url(text);
    if (!url)
        usage_error("'" + text +
                    "' is neither http://ADDRESS:PORT/PATH nor http://unix:/SOCKET:/PATH");
    if (!url->address.is_local()) usage_error("'" + text + "' is not on this machine");
    return *std::move(url);
}

void read_option(Command& command, const Option& option) {
    const auto& name = option.name;
    if (name.empty())
        command.url = local_url(option.value);
    else if (name == "--connections")
        command.plan.connections = static_cast<unsigned>(number(option, 1, 60000));
    else if (name == "--threads")
        command.threads = static_cast<unsigned>(number(option, 1, 64));
    else if (name == "--duration")
        command.plan.duration = std::chrono::seconds(number(option, 1, 86400));
    else if (name == "--rate")
        command.plan.rate = static_cast<double>(number(option, 0, 10'000'000));
    else if (name == "--timeout")
        command.plan.timeout = std::chrono::seconds(number(option, 1, 86400));
    else if (name == "--method")
        command.shape.method = option.value;
    else if (name == "--body-size")
        command.shape.body_size = number(option, 0, 1U << 30U);
    else if (name == "-H")
        command.shape.fields.push_back(option.value);
    else if (name == "--close")
        command.shape.close = true;
    else if (name == "--json")
        command.json = true;
    else
        usage_error("unknown option " + name);
}

struct Measured {
    Statistics total;
    double seconds = 0;
};

std::unique_ptr<Measured> measure(const Command& command) {
    const auto target = make_target(*command.url, command.shape);
    std::vector<std::unique_ptr<Driver>> drivers;
    for (unsigned i = 0; i < command.threads; ++i) {
        auto plan = command.plan;
        plan.connections = (plan.connections + command.threads - 1 - i) / command.threads;
        if (plan.rate > 0) {
            plan.start_offset =
                std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * i / plan.rate));
            plan.rate /= command.threads;
        }
        if (plan.connections > 0) drivers.push_back(std::make_unique<Driver>(target, plan));
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < drivers.size(); ++i)
        threads.emplace_back([&driver = *drivers[i]] { driver.run(); });
    drivers.front()->run();
    for (auto& thread : threads) thread.join();

    auto measured = std::make_unique<Measured>();
    for (const auto& driver : drivers) {
        measured->total.merge(driver->statistics());
        measured->seconds = std::max(measured->seconds, driver->seconds());
    }
    return measured;
}

int run(int argc, char** argv) {
    Command command;
    for (const auto& option : parse_options(argc, argv, {"--help", "-h", "--json", "--close"})) {
        if (option.name == "--help" || option.name == "-h") {
            std::printf("%s", help);
            return 0;
        }
        read_option(command, option);
    }
    if (!command.url) usage_error("a URL is required");
    ::signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGTERM, SIGINT}) ::signal(number, [](int) { Driver::stop_all(); });
    const auto measured = measure(command);
    const auto& [total, seconds] = *measured;
    std::printf("%s", command.json ? (total.to_json(seconds) + "\n").c_str()
                                   : total.to_text(seconds).c_str());
    return total.latency.count() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    return fairlead::bench::run(argc, argv);
}
