// Where the load goes and the one request that is sent there again and again.
//
// Threads: any (immutable).
#pragma once

#include "bench/common/socket.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::bench {

struct Url {
    SocketAddress address;
    std::string host;  // for the Host field
    std::string path;
};

/// http://127.0.0.1:8080/path or http://unix:/run/app.sock:/path
std::optional<Url> parse_url(std::string_view text);

struct Target {
    SocketAddress address;
    std::string request;  // head and body, as sent
    bool is_head = false;
};

struct RequestShape {
    std::string method = "GET";
    std::vector<std::string> fields;  // "Name: value"
    std::uint64_t body_size = 0;
    bool close = false;  // one connection a request
};

Target make_target(const Url& url, const RequestShape& shape);

}  // namespace fairlead::bench
