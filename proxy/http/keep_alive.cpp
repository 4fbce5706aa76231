#include "proxy/http/keep_alive.hpp"

#include "proxy/base/ascii.hpp"

#include <charconv>

namespace fairlead::http {
namespace {

constexpr std::string_view timeout = "timeout=";

/// Zero: no number of seconds.
unsigned seconds_in(std::string_view parameter) noexcept {
    while (parameter.starts_with(' ') || parameter.starts_with('\t')) parameter.remove_prefix(1);
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
        for (auto rest = field.value; !rest.empty();) {
            const auto comma = rest.find(',');
            if (const unsigned seconds = seconds_in(rest.substr(0, comma)); seconds > 0)
                return std::chrono::seconds(seconds);
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    }
    return std::nullopt;
}

}  // namespace fairlead::http
