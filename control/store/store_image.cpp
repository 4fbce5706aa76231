#include "control/store/store_image.hpp"

#include <utility>

namespace fairlead::control {
namespace {

/// Puts the keys into `out` whose values are not the same in both maps.
template <class Value>
void add_differences(const std::map<std::string, Value>& one,
                     const std::map<std::string, Value>& other, std::string_view prefix,
                     KeySet& out) {
    auto a = one.begin();
    auto b = other.begin();
    const auto add = [&](const std::string& name) { out.insert(std::string(prefix) + name); };
    while (a != one.end() || b != other.end()) {
        if (b == other.end() || (a != one.end() && a->first < b->first)) {
            add((a++)->first);
        } else if (a == one.end() || b->first < a->first) {
            add((b++)->first);
        } else {
            if (!(a->second == b->second)) add(a->first);
            ++a;
            ++b;
        }
    }
}

template <class Value>
void add_keys(const std::map<std::string, Value>& map, std::string_view prefix, KeySet& out) {
    for (const auto& [name, value] : map) out.insert(std::string(prefix) + name);
}

}  // namespace

StoreEntry entry_of_key(std::string_view key) {
    const bool is_frontend = key.starts_with(frontend_prefix);
    key.remove_prefix(is_frontend ? frontend_prefix.size() : backend_prefix.size());
    return {is_frontend ? StoreEntry::Kind::frontend : StoreEntry::Kind::backend, std::string(key)};
}

KeyReading::Found StoreImage::at(const std::string& key) const {
    if (const auto why = refused.find(key); why != refused.end()) return Refusal{why->second};
    const auto [kind, name] = entry_of_key(key);
    if (kind == StoreEntry::Kind::backend) {
        const auto backend = contents.backends.find(name);
        if (backend != contents.backends.end()) return backend->second;
        return {};
    }
    if (const auto url = contents.frontends.find(name); url != contents.frontends.end())
        return url->second;
    if (const auto list = hipache.find(name); list != hipache.end()) return list->second;
    return {};
}

bool StoreImage::has(const std::string& key) const {
    if (refused.contains(key)) return true;
    const auto [kind, name] = entry_of_key(key);
    if (kind == StoreEntry::Kind::backend) return contents.backends.contains(name);
    return contents.frontends.contains(name) || hipache.contains(name);
}

bool StoreImage::put(KeyReading reading) {
    if (at(reading.key) == reading.found) return false;
    const auto name = entry_of_key(reading.key).name;
    refused.erase(reading.key);
    if (reading.key.starts_with(backend_prefix)) {
        contents.backends.erase(name);
    } else {
        contents.frontends.erase(name);
        hipache.erase(name);
    }
    if (auto* const backend_name = std::get_if<std::string>(&reading.found)) {
        contents.frontends[name] = std::move(*backend_name);
    } else if (auto* const backend = std::get_if<Backend>(&reading.found)) {
        contents.backends[name] = std::move(*backend);
    } else if (auto* const list = std::get_if<HipacheFrontend>(&reading.found)) {
        hipache[name] = std::move(*list);
    } else if (auto* const refusal = std::get_if<Refusal>(&reading.found)) {
        refused[reading.key] = std::move(refusal->why);
    }
    return true;
}

KeySet keys_of(const StoreImage& image) {
    KeySet keys;
    add_keys(image.contents.frontends, frontend_prefix, keys);
    add_keys(image.contents.backends, backend_prefix, keys);
    add_keys(image.hipache, frontend_prefix, keys);
    add_keys(image.refused, "", keys);
    return keys;
}

KeySet differing_keys(const StoreImage& one, const StoreImage& other) {
    KeySet keys;
    add_differences(one.contents.frontends, other.contents.frontends, frontend_prefix, keys);
    add_differences(one.contents.backends, other.contents.backends, backend_prefix, keys);
    add_differences(one.hipache, other.hipache, frontend_prefix, keys);
    add_differences(one.refused, other.refused, "", keys);
    return keys;
}

KeySet keys_of(const std::vector<StoreChange>& changes) {
    using Kind = StoreChange::Kind;
    KeySet keys;
    for (const auto& change : changes) {
        const bool is_frontend =
            change.kind == Kind::set_frontend || change.kind == Kind::delete_frontend;
        if (change.kind == Kind::flush) continue;
        keys.insert(std::string(is_frontend ? frontend_prefix : backend_prefix) + change.name);
    }
    return keys;
}

}  // namespace fairlead::control
