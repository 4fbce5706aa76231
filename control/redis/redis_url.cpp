#include "control/redis/redis_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::string_view allowed =
    "allowed: redis://[user][:password@]host[:port][/database], the same with rediss:// for TLS, "
    "unix:/path or unix://[user][:password@]/path[?db=database]";
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

Checked<unsigned> parse_database(std::string_view text) {
    unsigned number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || end != text.data() + text.size() || number > highest_database) {
        return problem("the database '{}' is not a number; {}", text, allowed);
    }
    return number;
}

std::string_view view_of(boost::core::string_view text) {
    return {text.data(), text.size()};
}

/// unix://[user][:password@]/path[?db=database], as redis-py and others have it.
Checked<RedisUrl> read_socket(const boost::urls::url_view& parsed) {
    RedisUrl url;
    const auto path = parsed.path();
    if (!parsed.encoded_host().empty() || path.size() < 2)
        return problem("a Unix socket's path begins with /; {}", allowed);
    url.address = model::Address::unix_socket(path);
    auto query = view_of(parsed.encoded_query());
    if (!parsed.has_query()) return url;
    if (!query.starts_with("db=")) return problem("?db= is all that may be asked; {}", allowed);
    query.remove_prefix(3);
    const auto database = parse_database(query);
    if (!database) return database.error();
    url.database = *database;
    return url;
}

Checked<RedisUrl> read_host(const boost::urls::url_view& parsed) {
    RedisUrl url;
    if (parsed.host().empty()) return problem("it names no host; {}", allowed);
    if (parsed.has_query()) return problem("a Redis URL has no query; {}", allowed);
    const bool is_v6 = parsed.host_type() == boost::urls::host_type::ipv6;
    url.address.host = is_v6 ? parsed.host_address() : parsed.host();
    const auto port = parse_port(view_of(parsed.port()));
    if (!port) return port.error();
    url.address.port = *port;
    url.has_port = parsed.has_port();
    auto path = view_of(parsed.encoded_path());
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.empty()) return url;
    const auto database = parse_database(path);
    if (!database) return database.error();
    url.database = *database;
    return url;
}

}  // namespace

Checked<RedisUrl> parse_redis_url(std::string_view text) {
    if (text.starts_with("unix:") && !text.starts_with("unix://")) {
        auto address = model::parse_address(text);
        if (!address) return address.error();
        RedisUrl url;
        url.address = std::move(*address);
        return url;
    }
    const auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
    const auto scheme = parsed ? view_of(parsed->scheme()) : std::string_view();
    if (scheme != "redis" && scheme != "rediss" && scheme != "unix")
        return problem("this is not a Redis URL; {}", allowed);
    if (parsed->has_fragment()) return problem("a Redis URL has no fragment; {}", allowed);
    auto url = scheme == "unix" ? read_socket(*parsed) : read_host(*parsed);
    if (!url) return url;
    url->is_tls = scheme == "rediss";
    url->user = parsed->user();
    url->password = parsed->password();
    return url;
}

}  // namespace fairlead::control
