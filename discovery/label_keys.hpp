// The keys that may follow "fairlead." or "fairlead.<service>." in a label, and what each sets.
//
// Threads: any (pure).
#pragma once

#include "discovery/docker_labels.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::discovery {

/// What the labels of one service say so far.
struct LabelDraft {
    std::string service;
    std::vector<std::string> hosts;
    std::optional<std::string> path;
    std::optional<std::uint16_t> port;
    std::uint32_t weight = 1;
    std::optional<model::ServiceSettings> settings;
    std::string weight_label;
    std::string route_label;  // the one that asks for its routes: host, else path
    // Which labels the settings are from: key, and the label as it is written.
    std::vector<std::pair<std::string_view, std::string>> setting_labels;
};

struct LabelKey {
    std::string_view service;  // "" in fairlead.host, "web" in fairlead.web.host
    std::string_view key;      // a known key, or all there is after "fairlead."
};

/// `rest`: the label without "fairlead.". A known key wins over a service of that name.
LabelKey split_label(std::string_view rest);

/// Sets what the label says in `draft`, or says why it cannot. `written`: the whole label.
Checked<> apply_label(LabelDraft& draft, const LabelKey& label, std::string_view written,
                      std::string_view value, const LabelRules& rules);

}  // namespace fairlead::discovery
