// One question to an HTTP server of ours, for the commands that ask a running Fairlead.
//
// Threads: any; blocks its caller.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/model/address.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {

struct HttpQuestion {
    std::string method = "GET";
    std::string path;
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> fields = {};
};

struct HttpAnswer {
    int status = 0;
    std::string body;
};

/// Reads `http://127.0.0.1:9901`, `127.0.0.1:9901` or `unix:/path`. `what`: for the message.
Checked<model::Address> parse_server_url(std::string_view text, std::uint16_t default_port,
                                         std::string_view what);

/// The answer, whatever its status; a problem: there is none within `patience`.
Checked<HttpAnswer> ask_http(const model::Address& server, const HttpQuestion& question,
                             Duration patience);

}  // namespace fairlead::control
