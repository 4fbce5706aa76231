#include "control/cli_store.hpp"

#include "control/config/config_loader.hpp"
#include "control/transfer/store_transfer.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

namespace fairlead::control {
namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_input = 2;

constexpr const char* places =
    "redis://..., unix:/path, http://host:port (the API of a running Fairlead), a folder (of an "
    "embedded store), a file in the form of a /batch, or -";

CLI::App* add_direction(CLI::App& parent, const char* name, const char* help, const char* option,
                        StoreCommand& command) {
    auto* const sub = parent.add_subcommand(name, help);
    sub->add_option("-c,--config", command.config, "YAML file that names the store");
    sub->add_option("--store", command.store, "the store, in place of the configured one");
    sub->add_option(option, command.other, places)->required();
    sub->add_flag("--replace", command.replaces,
                  "what is there and not in the source goes; without it all of that stays");
    return sub;
}

int complain(const Problem& why) {
    std::fputs(fmt::format("fairlead: {}\n", why.text()).c_str(), stderr);
    return failed;
}

int copy(StorePlace& from, StorePlace& to, const StoreCommand& command) {
    const auto existing = command.replaces ? Existing::replace : Existing::keep;
    const auto result = transfer(from, to, existing);
    if (!result) return complain(result.error());
    for (const auto& key : result->left_out)
        std::fputs(fmt::format("left out: {}\n", key).c_str(), stderr);
    // What goes to standard output is not to be mixed with other text.
    const bool is_piped = command.exporting->parsed() && command.other == "-";
    std::fputs((result->summary + "\n").c_str(), is_piped ? stderr : stdout);
    return done;
}

}  // namespace

void add_store_command(CLI::App& cli, StoreCommand& command) {
    auto* const store = cli.add_subcommand("store", "copies all of a store elsewhere, or back");
    store->require_subcommand(1);
    command.exporting = add_direction(*store, "export", "copies the store", "--to", command);
    command.importing = add_direction(*store, "import", "copies into the store", "--from", command);
}

bool is_given(const StoreCommand& command) {
    return command.exporting->parsed() || command.importing->parsed();
}

int run_store_command(const StoreCommand& command) {
    auto settings = embedded_defaults();
    if (!command.config.empty()) {
        auto loaded = load_config(command.config);
        for (const auto& problem : loaded.problems)
            std::fputs((problem.to_string() + "\n").c_str(), stderr);
        if (!loaded.ok()) return wrong_input;
        settings = std::move(loaded.process);
    }
    const bool is_export = command.exporting->parsed();
    const auto store_role = is_export ? PlaceRole::source : PlaceRole::target;
    const auto other_role = is_export ? PlaceRole::target : PlaceRole::source;
    const auto store = command.store.empty() ? open_configured_place(store_role, settings)
                                             : open_place(command.store, store_role, settings);
    if (!store) return complain(store.error());
    const auto other = open_place(command.other, other_role, settings);
    if (!other) return complain(other.error());
    return copy(is_export ? **store : **other, is_export ? **other : **store, command);
}

}  // namespace fairlead::control
