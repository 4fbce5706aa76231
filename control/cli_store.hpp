// `fairlead store export` and `fairlead store import` on the command line.
//
// Threads: the process' first, before there are others.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace fairlead::control {

/// What the words of the command line say.
struct StoreCommand {
    CLI::App* exporting = nullptr;
    CLI::App* importing = nullptr;
    std::string config;  // a file; empty: the embedded defaults
    std::string store;   // empty: the one of the configuration
    std::string other;   // where to, where from
    bool replaces = false;
};

void add_store_command(CLI::App& cli, StoreCommand& command);

/// Whether one of the two was given.
bool is_given(const StoreCommand& command);

/// The exit code.
int run_store_command(const StoreCommand& command);

}  // namespace fairlead::control
