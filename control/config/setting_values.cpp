#include "control/config/setting_values.hpp"

#include "proxy/base/duration_text.hpp"

namespace fairlead::control {
namespace {

void add_tls(std::vector<SettingValue>& list, const model::EndpointTls& tls) {
    list.push_back({"tls.verify", tls.verify ? "true" : "false"});
    list.push_back({"tls.ca", tls.ca});
    list.push_back({"tls.server_name", tls.server_name});
    list.push_back({"tls.cert", tls.client.cert});
    list.push_back({"tls.key", tls.client.key});
    const bool is_12 = tls.min_version == model::TlsVersion::tls12;
    list.push_back({"tls.min_version", is_12 ? "1.2" : "1.3"});
}

}  // namespace

std::vector<SettingValue> setting_values(const model::ServiceSettings& settings) {
    const auto& timeouts = settings.timeouts;
    std::vector<SettingValue> list = {
        {"policy", settings.policy},
        {"outlier.base_ejection", duration_text(settings.ejection)},
        {"retries.attempts", std::to_string(settings.attempts)},
        {"timeouts.connect", duration_text(timeouts.connect)},
        {"timeouts.first_byte", duration_text(timeouts.first_byte)},
        {"timeouts.idle", duration_text(timeouts.idle)},
        {"timeouts.total", duration_text(timeouts.total)},
        {"drain", duration_text(settings.drain)},
    };
    if (settings.tls) add_tls(list, *settings.tls);
    return list;
}

std::string setting_origin(const model::ServiceSettings& settings, std::string_view key) {
    const auto origin = settings.origins ? settings.origins->find(key) : std::nullopt;
    return origin ? to_string(*origin) : "default";
}

}  // namespace fairlead::control
