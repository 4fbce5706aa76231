// What a store holds, kept in memory and told to the reconciler key by key: the part that the
// embedded store and Redis share.
//
// The owner says what is new: changes that it has carried out, keys that it has read, or the whole.
// Published is only what is different from before, as the items of the keys it touches; a frontend
// "h/p" also when "h/p/" comes or goes, which takes its place.
//
// Threads: control.
// Cost: O(log n) a key; only replace() and start() cost the whole.
// Invariant: what has been published is what is held.
#pragma once

#include "control/store/key_rules.hpp"
#include "control/store/store_image.hpp"
#include "discovery/source.hpp"
#include "proxy/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::control {

class StoreSource {
public:
    explicit StoreSource(KeyRules rules) : rules_(std::move(rules)) {}

    /// From now on `publish` is told; at once of the whole, where it is known already.
    void start(discovery::Source::Publish publish, const std::string& who);
    void stop() { publish_ = nullptr; }

    /// Whether the whole has been said once.
    bool is_known() const noexcept { return is_known_; }
    const StoreImage& image() const noexcept { return image_; }
    /// Another number after each difference.
    std::uint64_t version() const noexcept { return version_; }

    /// `who`: for the audit, "api 127.0.0.1:51234" or "redis".
    void replace(StoreImage image, const std::string& who);
    void apply(const std::vector<StoreChange>& changes, const std::string& who);
    void put(std::vector<KeyReading> readings, const std::string& who);

    std::optional<WallTime> last_published() const noexcept { return last_published_; }

private:
    std::optional<model::SourceItem> item_of_key(const std::string& key) const;
    void publish_whole(const std::string& who);
    void publish(const KeySet& keys, const std::string& who);
    void hand_over(model::SourceChange change);

    const KeyRules rules_;
    StoreImage image_;
    bool is_known_ = false;
    std::uint64_t version_ = 0;
    discovery::Source::Publish publish_;  // empty: nobody listens
    std::optional<WallTime> last_published_;
};

}  // namespace fairlead::control
