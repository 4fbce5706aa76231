// fairlead-origin: the HTTP/1.1 server behind the proxy in benchmarks, demos and test containers.
#include "bench/common/options.hpp"
#include "bench/origin/answers.hpp"
#include "bench/origin/server.hpp"

#include <cstdio>
#include <utility>

namespace fairlead::bench {
namespace {

void print_help() {
    std::printf(
        "usage: fairlead-origin [--listen ADDR:PORT|unix:PATH]... [--name NAME]\n"
        "                       [--on-term refuse|exit] [--term-delay MS]\n\n"
        "  --listen      where to serve; port 0: any free one, printed at start (default "
        "127.0.0.1:0)\n"
        "  --name        stands in X-Origin of every answer (default origin)\n"
        "  --on-term     refuse: on SIGTERM close the listeners at once, finish what is in "
        "flight,\n"
        "                close idle connections, exit after --term-delay (default 2000 ms);\n"
        "                exit: drop everything. A second signal ends it at once\n\n"
        "%s",
        paths_help);
}

OriginSettings::OnTerm on_term(const Option& option) {
    if (option.value == "refuse") return OriginSettings::OnTerm::refuse;
    if (option.value == "exit") return OriginSettings::OnTerm::exit;
    usage_error("--on-term: refuse or exit");
}

SocketAddress listen_address(const std::string& text) {
    auto address = parse_address(text);
    if (!address) usage_error("--listen: '" + text + "' is not ADDR:PORT or unix:PATH");
    return *std::move(address);
}

int run(int argc, char** argv) {
    OriginSettings settings;
    for (const auto& option : parse_options(argc, argv, {"--help", "-h"})) {
        if (option.name == "--help" || option.name == "-h") {
            print_help();
            return 0;
        }
        if (option.name == "--listen")
            settings.listen.push_back(listen_address(option.value));
        else if (option.name == "--name")
            settings.name = option.value;
        else if (option.name == "--on-term")
            settings.on_term = on_term(option);
        else if (option.name == "--term-delay")
            settings.term_delay = std::chrono::milliseconds(number(option, 0, 3'600'000));
        else
            usage_error("unknown: " + (option.name.empty() ? option.value : option.name));
    }
    if (settings.listen.empty()) settings.listen.push_back(listen_address("127.0.0.1:0"));
    return OriginServer(std::move(settings)).run();
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    return fairlead::bench::run(argc, argv);
}
