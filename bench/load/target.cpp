#include "bench/load/target.hpp"

#include "bench/common/http_text.hpp"

namespace fairlead::bench {

std::optional<Url> parse_url(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    constexpr std::string_view unix_scheme = "http://unix:";
    Url url;
    std::string_view authority;
    if (text.starts_with(unix_scheme)) {
        const auto rest = text.substr(unix_scheme.size());
        const auto colon = rest.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        authority = text.substr(scheme.size(), unix_scheme.size() - scheme.size() + colon);
        url.path = rest.substr(colon + 1);
        url.host = "localhost";
    } else if (text.starts_with(scheme)) {
        const auto rest = text.substr(scheme.size());
        authority = rest.substr(0, rest.find('/'));
        url.path = rest.substr(authority.size());
        url.host = authority;
    } else {
        return std::nullopt;
    }
    std::string numbered(authority);
    if (!authority.starts_with("unix:") && authority.rfind(':') == std::string_view::npos)
        numbered += ":80";
    const auto address = parse_address(numbered);
    if (!address) return std::nullopt;
    url.address = *address;
    if (url.path.empty()) url.path = "/";
    return url;
}

Target make_target(const Url& url, const RequestShape& shape) {
    Target target;
    target.address = url.address;
    target.is_head = shape.method == "HEAD";
    auto& text = target.request;
    text = shape.method + " " + url.path + " HTTP/1.1\r\n";
    bool names_host = false;
    for (const auto& field : shape.fields) {
        names_host = names_host || equals_ignoring_case(field.substr(0, 5), "Host:");
        text += field + "\r\n";
    }
    if (!names_host) text += "Host: " + url.host + "\r\n";
    if (shape.close) text += "Connection: close\r\n";
    if (shape.body_size > 0 || shape.method == "POST" || shape.method == "PUT")
        text += "Content-Length: " + std::to_string(shape.body_size) + "\r\n";
    text += "\r\n";
    text.append(shape.body_size, 'x');
    return target;
}

}  // namespace fairlead::bench
