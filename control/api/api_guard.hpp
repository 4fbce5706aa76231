// Who may use the Redx-compatible API.
//
// With a token: who shows it (Authorization: Bearer, RFC 6750), for everything that is not open.
// Without one: anybody may read, and only clients on this machine (loopback or a Unix socket) may
// write, but no page of another site in a browser there: such requests name an Origin.
//
// Threads: control.
#pragma once

#include "control/http_server.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::control {

class ApiGuard {
public:
    /// `token`: empty: there is none.
    explicit ApiGuard(std::string token) : token_(std::move(token)) {}

    /// None: go on. `is_open`: allowed without a token.
    std::optional<HttpReply> refuse(const HttpRequest& request, bool is_open) const;

private:
    std::string token_;
};

/// Takes the same time wherever the two differ; only their lengths show.
bool is_same_secret(std::string_view one, std::string_view other) noexcept;

}  // namespace fairlead::control
