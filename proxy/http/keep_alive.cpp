#include "proxy/http/keep_alive.hpp"

#include "proxy/base/ascii.hpp"

#include <charconv>

namespace fairlead::http {
namespace {

constexpr std::string_view timeout = "timeout=";

/// Zero: no number of seconds.
unsigned seconds_in(std::string_view parameter) noexcept {
    if (!ascii::iequals(parameter.substr(0, timeout.size()), timeout)) return 0;
    parameter.remove_prefix(timeout.size());
    unsigned seconds = 0;
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), seconds);
    return seconds;
}

}  // namespace

std::optional<std::chrono::seconds> announced_idle_time(const ResponseHead& head) noexcept {
    for (const auto& field : head.fields) {
        if (field.id != FieldId::keep_alive) continue;
        unsigned seconds = 0;
        ascii::each_item(field.value, [&](std::string_view parameter) {
            seconds = seconds_in(parameter);
            return seconds == 0;
        });
        if (seconds > 0) return std::chrono::seconds(seconds);
    }
    return std::nullopt;
}

}  // namespace fairlead::http
