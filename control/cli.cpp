#include "control/cli.hpp"

#include "control/admin_client.hpp"
#include "control/admin_tables.hpp"
#include "control/app.hpp"
#include "control/cli_store.hpp"
#include "control/config_loader.hpp"
#include "control/version.hpp"
#include "proxy/base/log.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace fairlead::control {
namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_input = 2;

const std::map<std::string, log::Level>& levels() {
    static const std::map<std::string, log::Level> by_name = {{"debug", log::Level::debug},
                                                              {"info", log::Level::info},
                                                              {"warn", log::Level::warn},
                                                              {"error", log::Level::error}};
    return by_name;
}

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
}
void complain(const std::string& text) {
    std::fputs(text.c_str(), stderr);
}

void complain_about(const std::vector<ConfigProblem>& problems) {
    for (const auto& problem : problems) complain(problem.to_string() + "\n");
}

int run_proxy(const std::string& file, log::Level lowest) {
    std::optional<std::string> path;
    model::ProcessSettings settings;
    if (file.empty()) {
        settings = embedded_defaults();
    } else {
        auto loaded = load_config(file);
        if (!loaded.ok()) {
            complain_about(loaded.problems);
            return wrong_input;
        }
        path = file;
        settings = std::move(loaded.process);
    }
    log::start(lowest);
    int code = failed;
    {
        App app(std::move(path), std::move(settings));
        code = app.run();
    }
    log::stop();
    return code;
}

int check_file(const std::string& file) {
    const auto loaded = load_config(file);
    if (!loaded.ok()) {
        complain_about(loaded.problems);
        return wrong_input;
    }
    print(fmt::format("{}: ok: {} listeners, {} services, {} routes\n", file,
                      loaded.process.listeners.size(), loaded.desired.services.size(),
                      loaded.desired.routes.size()));
    return done;
}

/// A command that shows a page of the admin endpoint.
struct Page {
    const char* path;
    Checked<std::string> (*table)(std::string_view body);
};

int show(const Page& page, const std::string& admin_url, bool as_json) {
    const auto admin = parse_admin_url(admin_url);
    if (!admin) {
        complain(fmt::format("fairlead: {}\n", admin.error().text()));
        return wrong_input;
    }
    const auto body = ask_admin(*admin, page.path);
    if (!body) {
        complain(fmt::format("fairlead: {}\n", body.error().text()));
        return failed;
    }
    const auto text = as_json ? body : page.table(*body);
    if (!text) {
        complain(fmt::format("fairlead: {}\n", text.error().text()));
        return failed;
    }
    print(*text);
    return done;
}

struct Options {
    std::string file;
    std::string admin = "http://127.0.0.1:9901";
    bool as_json = false;
    std::string level = "info";
};

CLI::App* add_page(CLI::App& cli, const char* name, const char* help, Options& options) {
    auto* const command = cli.add_subcommand(name, help);
    command->add_option("--admin", options.admin, "admin endpoint of the running Fairlead")
        ->capture_default_str();
    command->add_flag("--json", options.as_json, "what the admin endpoint says, as it is");
    return command;
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    Options options;
    CLI::App cli("Fairlead: a reverse proxy that finds its services by itself");
    cli.require_subcommand(1);
    cli.set_version_flag("--version", fmt::format("fairlead {}", version()));

    auto* const run = cli.add_subcommand("run", "serves, until SIGTERM or SIGINT");
    run->add_option("-c,--config", options.file, "YAML file; without it: the embedded defaults");
    run->add_option("--log-level", options.level, "lines below it are not written")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    auto* const check = cli.add_subcommand("check", "checks a file: exit code 0, or 2 and why");
    check->add_option("-c,--config", options.file, "YAML file")->required();
    auto* const routes = add_page(cli, "routes", "the routes of a running Fairlead", options);
    auto* const services = add_page(cli, "services", "its services and endpoints", options);
    auto* const version_of = add_page(cli, "version", "its version", options);
    StoreCommand store;
    add_store_command(cli, store);

    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return cli.exit(e) == 0 ? done : wrong_input;
    }
    if (run->parsed()) return run_proxy(options.file, levels().at(options.level));
    if (check->parsed()) return check_file(options.file);
    if (is_given(store)) return run_store_command(store);
    if (routes->parsed())
        return show(Page{"/routes", routes_table}, options.admin, options.as_json);
    if (services->parsed()) {
        return show(Page{"/services", services_table}, options.admin, options.as_json);
    }
    if (version_of->parsed()) {
        return show(Page{"/version", version_text}, options.admin, options.as_json);
    }
    return wrong_input;
}

}  // namespace fairlead::control
