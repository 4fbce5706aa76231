// Every key of the configuration file: one row each, with its type, range, default and help.
//
// To add a key: a field in proxy/model/config.hpp, a row in config_schema.cpp and its line in
// docs/configuration.md (a test compares the two). Knows no YAML: config_loader walks the file.
//
// Threads: any (immutable table; a Draft belongs to the loader that made it).
#pragma once

#include "control/config/front_presets.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"
#include "proxy/model/desired_state.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// What a file has said so far; the items being read are the last ones.
struct Draft {
    model::ProcessSettings process;
    model::SourceState desired;
    std::string file;   // what it is called in origins
    std::string place;  // FILE:LINE:COLUMN of the item being begun
    // Where the settings of the present service, or the rules of the present route, are written.
    std::vector<model::SettingOrigins::Entry> setting_places;
    GivenKeys given_keys;      // of the present listener
    bool has_plugins = false;  // api.plugins[] has begun
    // What the present route has besides host, path and service.
    struct RouteParts {
        model::RouteConditions conditions;
        model::RouteRules rules;
    } route_parts;

    Draft();

    model::ListenerSettings& listener() { return process.listeners.back(); }
    model::ServiceSpec& service() { return desired.services.back(); }
    model::ServiceSettings& service_settings() { return *service().settings; }
    model::EndpointSpec& endpoint() { return service().endpoints.back(); }
    model::RouteSpec& route() { return desired.routes.back(); }
    /// The setting_places so far, for their owner; none: no setting was written.
    model::SharedValue<model::SettingOrigins> take_setting_origins();
};

/// A scalar, checked against its row.
struct Value {
    std::string text;
    std::uint64_t number = 0;  // count; milliseconds; bytes; index of the choice
    std::string name = {};     // its key, where the user chooses it
    std::string place = {};    // FILE:LINE:COLUMN

    std::chrono::milliseconds duration() const {
        return std::chrono::milliseconds(static_cast<std::int64_t>(number));
    }
    unsigned count() const { return static_cast<unsigned>(number); }
};

enum class KeyType : std::uint8_t {
    section,          // key: value pairs, each of them a row
    names,            // key: value pairs whose keys the user chooses ("*" in the paths below it)
    list,             // "[]" in the path of its items
    section_or_text,  // a section, or a scalar that stands for the first key of it
    section_or_pair,  // the same, or a list of two scalars: one of its keys, and the value
    text,             // checked by the setter
    count,
    duration,
    size,
    choice,
    unsupported,  // of the contract, not of this version; refused unless it says what we do anyway
};

struct KeyRow {
    using Begin = Checked<> (*)(Draft&, std::string_view name);
    using Set = Checked<> (*)(Draft&, const Value&);
    using End = Checked<> (*)(Draft&);

    std::string_view path;  // "services.*.endpoints[].weight"
    KeyType type = KeyType::section;
    std::string_view allowed = "";  // text: in words; choice: "a|b"; unsupported: what is accepted
    std::uint64_t min = 0;          // count, duration (ms), size
    std::uint64_t max = 0;
    std::string_view by_default = "";  // for the documentation
    std::string_view help = "";
    bool is_required = false;
    Set set = nullptr;      // scalars
    Begin begin = nullptr;  // sections and items: called before what is in them
    End end = nullptr;      // and after it
};

/// In the order of the documentation. The root section is the row with the empty path.
std::span<const KeyRow> config_keys() noexcept;

/// Null: no such key.
const KeyRow* find_key(std::string_view path) noexcept;

/// Names of the keys directly below that path.
std::vector<std::string_view> keys_below(std::string_view path);

/// "1 to 1000", "1ms to 24h", "p2c, round_robin"
std::string allowed_text(const KeyRow& row);

/// Checks a scalar against type and range of its row.
Checked<Value> read_value(const KeyRow& row, std::string_view text);

/// The groups of keys ("listeners", "store" ...) in which the two differ: a change of those needs a
/// restart.
std::vector<std::string_view> changed_groups(const model::ProcessSettings& one,
                                             const model::ProcessSettings& other);

}  // namespace fairlead::control
