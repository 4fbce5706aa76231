#include "control/redis/redis_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>

namespace fairlead::control {
namespace {

constexpr std::string_view allowed =
    "allowed: redis://[user][:password@]host[:port][/database] or unix:/path";
constexpr std::uint16_t default_port = 6379;
constexpr unsigned highest_database = 65535;

Checked<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty()) return default_port;
    unsigned number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || end != text.data() + text.size() || number == 0 || number > 65535) {
        return problem("the port must be 1 to 65535; {}", allowed);
    }
    return static_cast<std::uint16_t>(number);
}

Checked<unsigned> parse_database(std::string_view path) {
    if (path.empty() || path == "/") return 0u;
    path.remove_prefix(1);
    unsigned number = 0;
    const auto [end, ec] = std::from_chars(path.data(), path.data() + path.size(), number);
    if (ec != std::errc{} || end != path.data() + path.size() || number > highest_database) {
        return problem("the database '{}' is not a number; {}", path, allowed);
    }
    return number;
}

}  // namespace

Checked<RedisUrl> parse_redis_url(std::string_view text) {
    RedisUrl url;
    if (text.starts_with("unix:")) {
        auto address = model::parse_address(text);
        if (!address) return address.error();
        url.address = std::move(*address);
        return url;
    }
    if (text.starts_with("rediss:")) {
        return problem("rediss:// (Redis over TLS) is not supported by this version; {}", allowed);
    }
    const auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
    if (!parsed || parsed->scheme() != "redis" || parsed->host().empty()) {
        return problem("this is not a Redis URL; {}", allowed);
    }
    if (parsed->has_query() || parsed->has_fragment()) {
        return problem("a Redis URL has no query and no fragment; {}", allowed);
    }
    url.address.host = parsed->host_type() == boost::urls::host_type::ipv6 ? parsed->host_address()
                                                                           : parsed->host();
    const auto port = parse_port(std::string_view(parsed->port().data(), parsed->port().size()));
    if (!port) return port.error();
    url.address.port = *port;
    url.user = parsed->user();
    url.password = parsed->password();
    const auto database = parse_database(
        std::string_view(parsed->encoded_path().data(), parsed->encoded_path().size()));
    if (!database) return database.error();
    url.database = *database;
    return url;
}

}  // namespace fairlead::control
