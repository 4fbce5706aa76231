#include "control/store/store_changes.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

auto find_server(Backend& backend, const std::string& address) {
    return std::find_if(backend.servers.begin(), backend.servers.end(),
                        [&](const auto& server) { return server.first == address; });
}

void set_server(Backend& backend, const std::string& address, const std::string& score) {
    const auto at = find_server(backend, address);
    if (at != backend.servers.end()) {
        at->second = score;
    } else {
        backend.servers.emplace_back(address, score);
    }
}

void change_backend(Backend& backend, const StoreChange& change) {
    const bool is_config_field = change.key.starts_with('_');
    switch (change.kind) {
        case StoreChange::Kind::set_server:
            if (is_config_field) {
                backend.config[change.key.substr(1)] = change.value;
            } else {
                set_server(backend, change.key, change.value);
            }
            break;
        case StoreChange::Kind::delete_server:
            if (is_config_field) {
                backend.config.erase(change.key.substr(1));
            } else if (const auto at = find_server(backend, change.key);
                       at != backend.servers.end()) {
                backend.servers.erase(at);
            }
            break;
        case StoreChange::Kind::set_config:
            backend.config[change.key] = change.value;
            break;
        case StoreChange::Kind::delete_config:
            backend.config.erase(change.key);
            break;
        default:
            break;
    }
}

void apply_change(StoreContents& contents, const StoreChange& change) {
    switch (change.kind) {
        case StoreChange::Kind::set_frontend:
            contents.frontends[change.name] = change.value;
            return;
        case StoreChange::Kind::delete_frontend:
            contents.frontends.erase(change.name);
            return;
        case StoreChange::Kind::delete_backend:
            contents.backends.erase(change.name);
            return;
        case StoreChange::Kind::flush:
            contents = StoreContents{};
            return;
        default:
            break;
    }
    const auto at = contents.backends.try_emplace(change.name).first;
    change_backend(at->second, change);
    if (at->second.empty()) contents.backends.erase(at);
}

}  // namespace

void apply_changes(StoreContents& contents, const std::vector<StoreChange>& changes) {
    for (const auto& change : changes) apply_change(contents, change);
}

bool is_news(const StoreContents& contents, const std::vector<StoreChange>& changes) {
    using Kind = StoreChange::Kind;
    StoreContents before;  // of what they touch
    for (const auto& change : changes) {
        if (change.kind == Kind::flush) {
            // What comes after it counts from nothing, so the short way ends here.
            auto after = contents;
            apply_changes(after, changes);
            return !(after == contents);
        }
        if (change.kind == Kind::set_frontend || change.kind == Kind::delete_frontend) {
            const auto at = contents.frontends.find(change.name);
            if (at != contents.frontends.end()) before.frontends.insert(*at);
        } else {
            const auto at = contents.backends.find(change.name);
            if (at != contents.backends.end()) before.backends.insert(*at);
        }
    }
    auto after = before;
    apply_changes(after, changes);
    return !(after == before);
}

}  // namespace fairlead::control
