#include "proxy/session/request_cookie.hpp"

#include "proxy/base/ascii.hpp"

namespace fairlead::session {

std::string_view cookie_of(const http::RequestHead& request, std::string_view name) noexcept {
    for (const auto& field : request.fields) {
        if (!ascii::iequals(field.name, "cookie")) continue;
        for (auto rest = field.value; !rest.empty();) {
            const auto end = rest.find(';');
            const auto pair = ascii::trim(rest.substr(0, end));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            const auto equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == name)
                return pair.substr(equals + 1);
        }
    }
    return {};
}

}  // namespace fairlead::session
