// What a server of Redx's has that other endpoints do not.
//
// Threads: any (values).
#pragma once

#include <string>
#include <string_view>

namespace fairlead::model {

struct StoredServer {
    std::string text;    // as the store has it: "10.0.0.1:80/fixed/uri"
    std::string target;  // "/fixed/uri": in place of the whole request target; "": none
    std::string cookie;  // what the stickiness plugin's cookie says of it; "": nobody asks
    double score = 0;
    bool is_fallback = false;  // the literal server "fallback": its requests go there

    bool operator==(const StoredServer&) const = default;
};

/// What a cookie says of a server, as Redx wrote it: its address without the path, as base64, of
/// which '+', '/' and '=' are percent-encoded in lower case.
std::string sticky_cookie(std::string_view server);

/// Whether the two are the same but for how they are percent-encoded.
bool same_cookie(std::string_view one, std::string_view other) noexcept;

}  // namespace fairlead::model
