#include "proxy/session/request_cookie.hpp"

#include "proxy/base/ascii.hpp"

namespace fairlead::session {

std::string_view cookie_of(const http::RequestHead& request, std::string_view name) noexcept {
    std::string_view value;
    bool is_found = false;
    const auto look_at = [&](std::string_view pair) {
        const auto equals = pair.find('=');
        is_found = equals != std::string_view::npos && pair.substr(0, equals) == name;
        if (is_found) value = pair.substr(equals + 1);
        return !is_found;
    };
    for (const auto& field : request.fields) {
        if (is_found) break;
        if (ascii::iequals(field.name, "cookie")) ascii::each_item(field.value, look_at, ';');
    }
    return value;
}

}  // namespace fairlead::session
