#include "control/admin/query.hpp"

#include "control/http_server.hpp"
#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::control {
namespace {

std::string decode(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
}

}  // namespace

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
    std::vector<std::string> values;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (decode(pair.substr(0, equals)) != name) continue;
        values.push_back(equals == std::string_view::npos ? std::string()
                                                          : decode(pair.substr(equals + 1)));
    }
    return values;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    auto values = query_values(query, name);
    if (values.empty()) return std::nullopt;
    return std::move(values.front());
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
        if (is_plain) {
            out.push_back(c);
        } else {
            out.append(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
        }
    }
    return out;
}

}  // namespace fairlead::control
