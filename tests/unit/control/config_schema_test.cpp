// The table of keys itself: complete, and the same as in the documentation.
#include "control/config/config_schema.hpp"

#include "proxy/balance/registry.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace fairlead;

namespace {

/// The row of docs/configuration.md's table for a key.
std::string documented(const control::KeyRow& row) {
    using enum control::KeyType;
    const auto type = [&]() -> std::string {
        switch (row.type) {
            case list:
                return "list";
            case count:
                return "number";
            case duration:
                return "duration";
            case size:
                return "size";
            case choice:
                return "choice";
            case text:
                return "text";
            case unsupported:
                return "not yet";
            default:
                return "section";
        }
    }();
    const bool is_plain = type == "section" || type == "list";
    const auto fallback = row.is_required          ? std::string("required")
                          : row.by_default.empty() ? std::string()
                                                   : fmt::format("`{}`", row.by_default);
    const auto allowed = is_plain ? std::string() : control::allowed_text(row);
    return fmt::format("| `{}` | {} | {} | {} | {} |", row.path, type, fallback, allowed, row.help);
}

}  // namespace

TEST_CASE("the documentation has a row for every key, with its type, default and range",
          "[config]") {
    const auto text = test::contents_of(FAIRLEAD_SOURCE_DIR "/docs/configuration.md");
    std::string missing;
    for (const auto& row : control::config_keys()) {
        const bool is_item = row.path.ends_with(']') || row.path.ends_with('*');
        if (row.path.empty() || (is_item && row.help.empty())) continue;
        const auto line = documented(row);
        if (text.find(line + "\n") == std::string::npos) missing += line + "\n";
    }
    CHECK(missing == "");
}

TEST_CASE("every row of the schema is complete", "[config]") {
    for (const auto& row : control::config_keys()) {
        INFO(row.path);
        const bool is_scalar =
            row.type == control::KeyType::text || row.type == control::KeyType::count ||
            row.type == control::KeyType::duration || row.type == control::KeyType::size ||
            row.type == control::KeyType::choice;
        CHECK(is_scalar == (row.set != nullptr));
        CHECK(std::count_if(control::config_keys().begin(), control::config_keys().end(),
                            [&](const auto& other) { return other.path == row.path; }) == 1);
        if (row.type == control::KeyType::list)
            CHECK(control::find_key(std::string(row.path) + "[]") != nullptr);
        if (row.path.find_last_of("]*") != row.path.size() - 1 && !row.path.empty())
            CHECK(!row.help.empty());
        // A default that its own row refuses would be a lie in the documentation.
        const bool is_number = is_scalar && row.type != control::KeyType::text;
        if (is_number && !row.by_default.empty())
            CHECK(control::read_value(row, row.by_default).has_value());
    }
    for (const auto& policy : balance::policies()) {
        CHECK(control::find_key("services.*.policy")->allowed.find(policy.name) !=
              std::string_view::npos);
    }
}
