#include "control/store/store_source.hpp"

#include "control/store/hipache.hpp"
#include "control/store/shown_text.hpp"
#include "control/store/store_changes.hpp"
#include "control/store/store_routes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fairlead::control {
namespace {

model::SourceItem rejected_item(const std::string& key, std::string why) {
    model::SourceItem item;
    item.rejected.push_back({{model::SourceKind::store, shown(key)}, std::move(why)});
    return item;
}

/// The frontend whose item changes with this one: "frontend:h/p" for "frontend:h/p/".
std::string shadowed_by(const std::string& key) {
    const bool may_shadow = key.starts_with(frontend_prefix) && key.ends_with('/');
    return may_shadow ? key.substr(0, key.size() - 1) : std::string();
}

}  // namespace

void StoreSource::start(discovery::Source::Publish publish, const std::string& who) {
    publish_ = std::move(publish);
    if (is_known_) publish_whole(who);
}

void StoreSource::replace(StoreImage image, const std::string& who) {
    if (!is_known_) {
        is_known_ = true;
        ++version_;
        image_ = std::move(image);
        publish_whole(who);
        return;
    }
    const auto keys = differing_keys(image_, image);
    image_ = std::move(image);
    publish(keys, who);
}

void StoreSource::apply(const std::vector<StoreChange>& changes, const std::string& who) {
    const auto is_flush = [](const StoreChange& change) {
        return change.kind == StoreChange::Kind::flush;
    };
    if (std::any_of(changes.begin(), changes.end(), is_flush)) {
        auto next = image_;
        next.hipache.clear();
        next.refused.clear();
        apply_changes(next.contents, changes);
        replace(std::move(next), who);
        return;
    }
    const auto keys = keys_of(changes);
    // The store took the change, so whatever was refused or a list there is so no longer.
    for (const auto& key : keys) {
        image_.refused.erase(key);
        if (key.starts_with(frontend_prefix)) image_.hipache.erase(entry_of_key(key).name);
    }
    apply_changes(image_.contents, changes);
    publish(keys, who);
}

void StoreSource::put(std::vector<KeyReading> readings, const std::string& who) {
    KeySet keys;
    for (auto& reading : readings) {
        const auto key = reading.key;
        if (image_.put(std::move(reading))) keys.insert(key);
    }
    publish(keys, who);
}

std::optional<model::SourceItem> StoreSource::item_of_key(const std::string& key) const {
    if (const auto why = image_.refused.find(key); why != image_.refused.end())
        return rejected_item(key, why->second);
    const auto entry = entry_of_key(key);
    if (entry.kind == StoreEntry::Kind::frontend) {
        const auto list = image_.hipache.find(entry.name);
        if (list != image_.hipache.end()) return hipache_item(entry.name, list->second);
    }
    return item_of(image_.contents, entry, rules_);
}

void StoreSource::publish_whole(const std::string& who) {
    model::SourceChange change;
    change.is_whole = true;
    change.who = who;
    for (const auto& key : keys_of(image_)) change.items.push_back({key, item_of_key(key)});
    hand_over(std::move(change));
}

void StoreSource::publish(const KeySet& keys, const std::string& who) {
    if (keys.empty()) return;
    ++version_;
    auto touched = keys;
    for (const auto& key : keys) {
        const auto other = shadowed_by(key);
        if (!other.empty() && image_.has(other)) touched.insert(other);
    }
    model::SourceChange change;
    change.who = who;
    for (const auto& key : touched) change.items.push_back({key, item_of_key(key)});
    hand_over(std::move(change));
}

void StoreSource::hand_over(model::SourceChange change) {
    if (!publish_) return;
    change.kind = model::SourceKind::store;
    change.caused_at = std::chrono::system_clock::now();
    last_published_ = change.caused_at;
    publish_(std::move(change));
}

}  // namespace fairlead::control
