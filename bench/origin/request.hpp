// One request's head, as far as the origin looks at it.
//
// Threads: one (a view: valid while the buffer it was parsed from is unchanged).
#pragma once

#include "bench/common/http_text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::bench {

struct Request {
    std::string_view head;  // whole, with its empty line
    std::string_view method;
    std::string_view path;  // without the query
    bool keep_alive = true;
    bool wants_continue = false;
    bool wants_websocket = false;
    bool chunked = false;
    std::uint64_t length = 0;

    bool is_head() const noexcept { return method == "HEAD"; }
    bool has_body() const noexcept { return chunked || length > 0; }
    BodyDecoder body() const {
        return chunked ? BodyDecoder::chunked() : BodyDecoder::length(length);
    }
};

/// `head` is complete. Empty: not a request.
std::optional<Request> parse_request(std::string_view head) noexcept;

}  // namespace fairlead::bench
