// Reads the YAML file: settings of the process, services and routes, and every problem with its
// place.
//
// Threads: any (pure but for reading the file and the environment).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/desired_state.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

struct ConfigProblem {
    std::string file;
    std::size_t line = 0;    // from 1; 0: the file as a whole
    std::size_t column = 0;  // from 1
    std::string key;         // "services.web.policy"; may be empty
    std::string text;        // what is wrong, what is allowed

    /// FILE:LINE:COLUMN: key.path: what is wrong, what is allowed
    std::string to_string() const;
};

/// A setting of the process that the file names, or a section that it has.
struct GivenSetting {
    std::string key;    // "listeners[0].bind"
    std::string value;  // "${NAME}" replaced; "" of a section
    std::string place;  // FILE:LINE:COLUMN
};

/// The place of what no file names, but is there where no file is.
inline constexpr std::string_view embedded_place = "embedded default";

struct LoadedConfig {
    model::ProcessSettings process;
    model::SourceState desired;           // kind file
    std::vector<GivenSetting> given;      // in the order of the file; no services, no routes
    std::vector<ConfigProblem> problems;  // not empty: use nothing of the above

    bool ok() const noexcept { return problems.empty(); }
};

LoadedConfig load_config(const std::string& path);

/// What load_config reads, as it stands there.
Checked<std::string> read_config(const std::string& path);

/// As load_config, from text; `name` stands for the file in messages and origins.
LoadedConfig parse_config(std::string_view text, const std::string& name);

/// What serves without a file: docs/configuration.md, "Embedded defaults".
model::ProcessSettings embedded_defaults();

}  // namespace fairlead::control
