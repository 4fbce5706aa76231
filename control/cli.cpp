#include "control/cli.hpp"

#include "control/admin/admin_client.hpp"
#include "control/admin/admin_tables.hpp"
#include "control/admin/explain_text.hpp"
#include "control/admin/query.hpp"
#include "control/admin/question_text.hpp"
#include "control/app.hpp"
#include "control/cli_store.hpp"
#include "control/config/config_loader.hpp"
#include "control/start_check.hpp"
#include "control/version.hpp"
#include "proxy/base/log.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
    std::vector<GivenSetting> given;
    if (file.empty()) {
        settings = embedded_defaults();
        if (settings.docker) given.push_back({"discovery.docker", "", std::string(embedded_place)});
    } else {
        auto loaded = load_config(file);
        if (!loaded.ok()) {
            complain_about(loaded.problems);
            return wrong_input;
        }
        path = file;
        settings = std::move(loaded.process);
        given = std::move(loaded.given);
    }
    log::start(lowest);
    int code = failed;
    {
        App app(std::move(path), std::move(settings), std::move(given));
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
    if (const auto problems = problems_at_start(loaded.process); !problems.empty()) {
        for (const auto& problem : problems) complain(fmt::format("{}: {}\n", file, problem));
        return wrong_input;
    }
    print(fmt::format("{}: ok: {} listeners, {} services, {} routes\n", file,
                      loaded.process.listeners.size(), loaded.desired.services.size(),
                      loaded.desired.routes.size()));
    return done;
}

struct Options {
    std::string file;
    std::string admin = "http://127.0.0.1:9901";
    bool as_json = false;
    std::string level = "info";
    std::string method;
    std::string url;
    std::vector<std::string> headers;
    std::string client;
    std::string since;
    bool follows = true;
};

int complain_and(int code, const Problem& why) {
    complain(fmt::format("fairlead: {}\n", why.text()));
    return code;
}

using ToText = Checked<std::string> (*)(std::string_view body);

/// Prints what the admin endpoint said, as it is or for people.
int show(const Checked<std::string>& body, ToText to_text, bool as_json) {
    if (!body) return complain_and(failed, body.error());
    const auto text = as_json ? body : to_text(*body);
    if (!text) return complain_and(failed, text.error());
    print(*text);
    return done;
}

int show_page(const Options& options, const std::string& path, ToText to_text) {
    const auto admin = parse_admin_url(options.admin);
    if (!admin) return complain_and(wrong_input, admin.error());
    return show(ask_admin(*admin, path), to_text, options.as_json);
}

int explain_request(const Options& options) {
    const auto question =
        read_question(options.method, options.url, options.headers, options.client);
    if (!question) return complain_and(wrong_input, question.error());
    auto path = fmt::format("/explain?method={}&url={}&client={}", percent_encode(options.method),
                            percent_encode(options.url), percent_encode(options.client));
    for (const auto& header : options.headers) path += "&header=" + percent_encode(header);
    return show_page(options, path, explain_text);
}

int print_events(const Options& options) {
    const auto admin = parse_admin_url(options.admin);
    if (!admin) return complain_and(wrong_input, admin.error());
    const auto path =
        fmt::format("/events?follow={}&since={}", options.follows, percent_encode(options.since));
    int code = done;
    const auto ended =
        follow_admin(*admin, path, [&](std::string_view event, std::string_view data) {
            if (event == "lost") {
                code = complain_and(failed,
                                    problem("changes came faster than they were read: some are "
                                            "lost"));
                return;
            }
            const auto text =
                options.as_json ? Checked<std::string>(std::string(data) + "\n") : event_text(data);
            if (!text) code = complain_and(failed, text.error());
            if (text) print(*text);
            std::fflush(stdout);
        });
    if (!ended) return complain_and(failed, ended.error());
    // A stream ends with the process that it tells of.
    if (options.follows && code == done)
        return complain_and(failed, problem("{} has closed the connection", options.admin));
    return code;
}

/// As diff(1): 0 the same, 1 different, 2 trouble.
int diff_file(const Options& options) {
    const auto loaded = load_config(options.file);
    if (!loaded.ok()) {
        complain_about(loaded.problems);
        return wrong_input;
    }
    const auto admin = parse_admin_url(options.admin);
    if (!admin) return complain_and(wrong_input, admin.error());
    const auto text = read_config(options.file);
    if (!text) return complain_and(wrong_input, text.error());
    const auto body = post_admin(*admin, "/diff?file=" + percent_encode(options.file), *text);
    if (!body) return complain_and(wrong_input, body.error());
    const int code = show(body, diff_text, options.as_json);
    if (code != done) return wrong_input;
    return is_same(*body) ? done : failed;
}

CLI::App* add_page(CLI::App& cli, const char* name, const char* help, Options& options) {
    auto* const command = cli.add_subcommand(name, help);
    command->add_option("--admin", options.admin, "admin endpoint of the running Fairlead")
        ->capture_default_str();
    command->add_flag("--json", options.as_json, "what the admin endpoint says, as it is");
    return command;
}

CLI::App* add_explain(CLI::App& cli, Options& options) {
    auto* const command = add_page(cli, "explain", "what becomes of a request, and why", options);
    command->add_option("method", options.method, "GET, POST ...")->required();
    command->add_option("url", options.url, "http://host/path?query, or https://")->required();
    command->add_option("-H,--header", options.headers, "'Name: value'; may be repeated")
        ->type_size(1);
    command->add_option("--client", options.client, "the client's address, for allow and deny");
    return command;
}

CLI::App* add_events(CLI::App& cli, Options& options) {
    auto* const command =
        add_page(cli, "events", "what has changed and by whom, then what changes", options);
    command->add_option("--since", options.since, "only what follows the event of that id");
    command->add_flag("!--no-follow", options.follows, "ends with the last there is");
    return command;
}

CLI::App* add_diff(CLI::App& cli, Options& options) {
    auto* const command =
        add_page(cli, "diff",
                 "what a file would change: exit code 0 nothing, 1 something, 2 trouble", options);
    command->add_option("-c,--config", options.file, "YAML file")->required();
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
    auto* const explain_of = add_explain(cli, options);
    auto* const events = add_events(cli, options);
    auto* const diff = add_diff(cli, options);
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
    if (routes->parsed()) return show_page(options, "/routes", routes_table);
    if (services->parsed()) return show_page(options, "/services", services_table);
    if (explain_of->parsed()) return explain_request(options);
    if (events->parsed()) return print_events(options);
    if (diff->parsed()) return diff_file(options);
    if (version_of->parsed()) return show_page(options, "/version", version_text);
    return wrong_input;
}

}  // namespace fairlead::control
