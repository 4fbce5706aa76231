// Where each setting of a service, or each rule of a route, was written. What is not named here has
// its default.
//
// Threads: any (immutable once its owner is read). Cost: what sets nothing has a null pointer to
// this; else some 50 bytes a setting.
#pragma once

#include "proxy/model/origin.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::model {

class SettingOrigins {
public:
    struct Entry {
        std::string_view key;  // "timeouts.connect"
        std::string rest;      // of the place

        bool operator==(const Entry&) const = default;
    };

    /// `base`: what all places begin with: the file's name, the container.
    explicit SettingOrigins(Origin base) : base_(std::move(base)) {}

    /// `key`: a literal, as the configuration file calls it. `rest`: what follows in the place:
    /// ":12:5", " label fairlead.policy". Of a key that comes several times the first counts.
    void add(std::string_view key, std::string rest) {
        if (!find_entry(key)) entries_.push_back({key, std::move(rest)});
    }

    /// None: it has its default.
    std::optional<Origin> find(std::string_view key) const {
        const auto* const entry = find_entry(key);
        if (entry == nullptr) return std::nullopt;
        return Origin{base_.source, base_.place + entry->rest};
    }

    const std::vector<Entry>& entries() const noexcept { return entries_; }
    bool operator==(const SettingOrigins&) const = default;

private:
    const Entry* find_entry(std::string_view key) const noexcept {
        for (const auto& entry : entries_) {
            if (entry.key == key) return &entry;
        }
        return nullptr;
    }

    Origin base_;
    std::vector<Entry> entries_;
};

}  // namespace fairlead::model
