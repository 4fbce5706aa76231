#include "control/admin/config_view.hpp"

#include "control/config/config_schema.hpp"
#include "control/config/setting_values.hpp"
#include "proxy/base/duration_text.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace fairlead::control {
namespace {

namespace json = boost::json;

/// As it may be shown: "***" for a token or a password, and "redis://:***@host" for a URL with a
/// password.
std::string without_secrets(std::string_view key, std::string text) {
    if (key.ends_with(".token") || key.ends_with(".password")) return "***";
    const auto scheme = text.find("://");
    const auto at = text.find('@', scheme == std::string::npos ? 0 : scheme);
    if (scheme == std::string::npos || at == std::string::npos) return text;
    const auto colon = text.find(':', scheme + 3);
    if (colon < at) text.replace(colon + 1, at - colon - 1, "***");
    return text;
}

/// Walks the rows of the schema, and the items that there are of each list.
class Listing {
public:
    explicit Listing(const std::vector<GivenSetting>& given) {
        for (const auto& setting : given) given_.emplace(setting.key, &setting);
    }

    std::vector<EffectiveSetting> all() {
        for (const auto& row : config_keys()) {
            const bool is_own =
                !row.path.starts_with("services") && !row.path.starts_with("routes");
            if (!is_own || row.path.empty()) continue;
            if (row.set != nullptr) add(row, "", row.path);
            if (row.begin != nullptr && !row.path.ends_with("[]")) add_absent(row);
        }
        return std::move(list_);
    }

private:
    bool has(const std::string& key) const {
        const auto at = given_.lower_bound(key);
        return at != given_.end() && at->first.starts_with(key);
    }

    /// `shown`: what stands for the row's path so far; `rest`: what is left of it.
    void add(const KeyRow& row, std::string shown, std::string_view rest) {
        const auto brackets = rest.find("[]");
        if (brackets == std::string_view::npos) {
            shown.append(rest);
            if (is_in_absent_section(row, shown)) return;
            return add_value(row, std::move(shown));
        }
        shown.append(rest.substr(0, brackets));
        rest.remove_prefix(brackets + 2);
        for (std::size_t i = 0;; ++i) {
            const auto item = fmt::format("{}[{}]", shown, i);
            // Without the key there is one listener on the default address.
            const bool is_there = has(item) || (i == 0 && shown == "listeners");
            if (!is_there) break;
            add(row, item, rest);
        }
    }

    /// Whether the key lies in a section that stands for having something at all, and is not there.
    bool is_in_absent_section(const KeyRow& row, const std::string& shown) const {
        for (const auto& section : config_keys()) {
            if (section.begin == nullptr || section.path.ends_with("[]")) continue;
            const bool is_below = row.path.starts_with(section.path) &&
                                  row.path.substr(section.path.size()).starts_with('.');
            if (!is_below) continue;
            const auto below = row.path.size() - section.path.size();
            if (!has(shown.substr(0, shown.size() - below))) return true;
        }
        return false;
    }

    void add_value(const KeyRow& row, std::string shown) {
        const auto at = given_.find(shown);
        if (at != given_.end()) {
            list_.push_back({std::move(shown), without_secrets(row.path, at->second->value),
                             origin_text(*at->second)});
            return;
        }
        // A list's item is there or is not.
        if (row.path.ends_with("[]")) return;
        EffectiveSetting setting{std::move(shown), std::nullopt, "default"};
        if (!row.by_default.empty()) setting.value = row.by_default;
        list_.push_back(std::move(setting));
    }

    void add_absent(const KeyRow& section) {
        if (section.path.find('[') != std::string_view::npos) return;
        const std::string key(section.path);
        if (!has(key)) list_.push_back({key, std::nullopt, "default"});
    }

    static std::string origin_text(const GivenSetting& given) {
        return given.place == embedded_place ? given.place : "file: " + given.place;
    }

    std::map<std::string, const GivenSetting*> given_;
    std::vector<EffectiveSetting> list_;
};

/// What `front` has set, in place of the defaults.
void add_front(std::vector<EffectiveSetting>& list, std::size_t index,
               const model::ListenerSettings& listener) {
    constexpr std::string_view names[] = {"none", "alb", "elb", "nlb"};
    constexpr std::string_view protocols[] = {"off", "optional", "required"};
    const auto origin = fmt::format("front: {}", names[static_cast<std::size_t>(listener.front)]);
    const auto prefix = fmt::format("listeners[{}].", index);
    const auto replace = [&](std::string_view key, std::string value) {
        for (auto& setting : list) {
            if (setting.key != prefix + std::string(key) || setting.origin != "default" ||
                setting.value == value)
                continue;
            setting.value = std::move(value);
            setting.origin = origin;
            return;
        }
    };
    const auto add_ranges = [&](std::string_view key, const std::vector<model::IpPrefix>& ranges) {
        const auto first = fmt::format("{}{}[0]", prefix, key);
        if (std::any_of(list.begin(), list.end(),
                        [&](const auto& setting) { return setting.key == first; }))
            return;
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            list.push_back({fmt::format("{}{}[{}]", prefix, key, i), to_string(ranges[i]), origin});
        }
    };
    replace("keep_alive", duration_text(listener.keep_alive));
    replace("half_close", listener.half_close ? "true" : "false");
    replace("proxy_protocol",
            std::string(protocols[static_cast<std::size_t>(listener.proxy_protocol)]));
    add_ranges("trusted_proxies", listener.trusted_proxies);
    if (listener.proxy_protocol_from)
        add_ranges("proxy_protocol_from", *listener.proxy_protocol_from);
}

json::array list_view(const std::vector<EffectiveSetting>& settings) {
    json::array list;
    for (const auto& [key, value, origin] : settings) {
        json::object view;
        view["key"] = key;
        view["value"] = value ? json::value(*value) : json::value(nullptr);
        view["origin"] = origin;
        list.push_back(std::move(view));
    }
    return list;
}

}  // namespace

std::vector<EffectiveSetting> effective_settings(const std::vector<GivenSetting>& given,
                                                 const model::ProcessSettings& settings) {
    auto list = Listing(given).all();
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        if (settings.listeners[i].front != model::Front::none)
            add_front(list, i, settings.listeners[i]);
    }
    return list;
}

std::vector<EffectiveSetting> effective_settings(const model::Snapshot& snapshot) {
    std::vector<EffectiveSetting> list;
    for (const auto* const service : snapshot.services().sorted()) {
        const auto& settings = service->settings;
        if (!settings.origins) continue;
        for (auto& [key, value] : setting_values(settings)) {
            const auto origin = settings.origins->find(key);
            if (!origin) continue;
            list.push_back({fmt::format("services.{}.{}", service->spec.name, key),
                            std::move(value), to_string(*origin)});
        }
    }
    return list;
}

json::object config_view(const std::vector<GivenSetting>& given,
                         const model::ProcessSettings& settings, const model::Snapshot& snapshot,
                         const std::vector<std::string_view>& needs_restart) {
    json::array groups;
    for (const auto group : needs_restart) groups.emplace_back(group);
    json::object page;
    page["version"] = snapshot.version();
    page["settings"] = list_view(effective_settings(given, settings));
    page["services"] = list_view(effective_settings(snapshot));
    page["needs_restart"] = std::move(groups);
    return page;
}

}  // namespace fairlead::control
