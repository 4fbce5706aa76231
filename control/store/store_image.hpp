// Everything that is found at a store's keys: Redx's contents, Hipache's lists, and the keys that
// cannot be used.
//
// A key ("frontend:site.com/a/", "backend:web") is in exactly one of the parts; it is the name of
// its item among what the source publishes.
//
// Threads: any (values).
#pragma once

#include "control/store/store.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::control {

inline constexpr std::string_view frontend_prefix = "frontend:";
inline constexpr std::string_view backend_prefix = "backend:";

/// frontend:<host> as a list, and the set dead:<host>.
struct HipacheFrontend {
    std::vector<std::string> servers;  // URLs in the order of the list, the identifier left out
    std::set<std::size_t> dead;        // their indexes

    bool operator==(const HipacheFrontend&) const = default;
};

/// Why a key cannot be used.
struct Refusal {
    std::string why;

    bool operator==(const Refusal&) const = default;
};

/// What was found at one key; of a frontend in Redx's form the name of its backend.
struct KeyReading {
    using Found = std::variant<std::monostate, std::string, Backend, HipacheFrontend, Refusal>;

    std::string key;
    Found found;  // monostate: no such key
};

struct StoreImage {
    StoreContents contents;
    std::map<std::string, HipacheFrontend> hipache;  // by host
    std::map<std::string, std::string> refused;      // key -> why

    bool operator==(const StoreImage&) const = default;

    /// Replaces what was at that key. False: nothing is different.
    bool put(KeyReading reading);
    /// What is at that key.
    KeyReading::Found at(const std::string& key) const;
    bool has(const std::string& key) const;
    std::size_t routes() const noexcept { return contents.frontends.size() + hipache.size(); }
};

using KeySet = std::set<std::string>;

/// "frontend" and "site.com/a/" of "frontend:site.com/a/". The key is of one of the two families.
StoreEntry entry_of_key(std::string_view key);

/// Every key of the image.
KeySet keys_of(const StoreImage& image);
/// The keys at which the two are different. O(keys).
KeySet differing_keys(const StoreImage& one, const StoreImage& other);
/// The keys that those changes name; a flush names none.
KeySet keys_of(const std::vector<StoreChange>& changes);

}  // namespace fairlead::control
