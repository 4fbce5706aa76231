// Where a Redis is and how to log in, in one line:
// redis://[user][:password@]host[:port][/database], the same with rediss:// for TLS, unix:/path, or
// unix://[user][:password@]/path[?db=database].
//
// Threads: any (value).
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::control {

struct RedisUrl {
    model::Address address;
    std::string user;      // empty: the default user
    std::string password;  // empty: no AUTH
    unsigned database = 0;
    bool is_tls = false;
    bool has_port = false;  // written; else it is the usual one

    bool operator==(const RedisUrl&) const = default;
};

/// The message of a problem never repeats the password.
Checked<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace fairlead::control
