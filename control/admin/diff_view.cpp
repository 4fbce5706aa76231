#include "control/admin/diff_view.hpp"

#include "control/admin/config_view.hpp"
#include "control/config/config_schema.hpp"

#include <boost/json/array.hpp>

#include <map>
#include <string>

namespace fairlead::control {
namespace {

namespace json = boost::json;

json::object difference(std::string_view event, const std::string& name, const std::string& before,
                        const std::string& after, const std::string& origin) {
    json::object view;
    view["event"] = event;
    view["name"] = name;
    if (!before.empty()) view["before"] = before;
    if (!after.empty()) view["after"] = after;
    view["origin"] = origin;
    return view;
}

/// The process' own settings, which a restart would change.
void add_settings(json::array& list, const std::vector<EffectiveSetting>& before,
                  const std::vector<EffectiveSetting>& after) {
    std::map<std::string_view, const EffectiveSetting*> old;
    for (const auto& setting : before) old.emplace(setting.key, &setting);
    for (const auto& [key, value, origin] : after) {
        const auto at = old.find(key);
        const auto known = at == old.end() ? std::nullopt : at->second->value;
        if (at != old.end()) old.erase(at);
        if (known == value) continue;
        list.push_back(
            difference("setting.changed", key, known.value_or(""), value.value_or(""), origin));
    }
    for (const auto& [key, setting] : old) {
        if (!setting->value) continue;
        list.push_back(
            difference("setting.changed", setting->key, *setting->value, "", setting->origin));
    }
}

}  // namespace

json::object diff_view(const Differences& changes, const model::ProcessSettings& settings,
                       const std::vector<GivenSetting>& given, const LoadedConfig& file) {
    json::array differences;
    for (const auto& record : changes.records) {
        differences.push_back(
            difference(record.event, record.name, record.before, record.after, record.origin));
    }
    const auto groups = changed_groups(settings, file.process);
    if (!groups.empty()) {
        add_settings(differences, effective_settings(given, settings),
                     effective_settings(file.given, file.process));
    }
    json::array needs_restart;
    for (const auto group : groups) needs_restart.emplace_back(group);
    json::object page;
    page["differences"] = std::move(differences);
    page["more"] = changes.more;
    page["needs_restart"] = std::move(needs_restart);
    return page;
}

}  // namespace fairlead::control
