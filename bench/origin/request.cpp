#include "bench/origin/request.hpp"

namespace fairlead::bench {

namespace {

/// False: the field makes the request unusable.
bool read_field(Request& request, std::string_view name, std::string_view value) noexcept {
    // Most fields are none of ours: one switch on the length spares comparing them all.
    switch (name.size()) {
        case 6:
            if (equals_ignoring_case(name, "Expect"))
                request.wants_continue = equals_ignoring_case(value, "100-continue");
            break;
        case 7:
            if (equals_ignoring_case(name, "Upgrade"))
                request.wants_websocket = contains_token(value, "websocket");
            break;
        case 10:
            if (equals_ignoring_case(name, "Connection")) {
                if (contains_token(value, "close")) request.keep_alive = false;
                if (contains_token(value, "keep-alive")) request.keep_alive = true;
            }
            break;
        case 14:
            if (equals_ignoring_case(name, "Content-Length")) {
                const auto length = parse_number(value);
                if (!length) return false;
                request.length = *length;
            }
            break;
        case 17:
            if (equals_ignoring_case(name, "Transfer-Encoding"))
                request.chunked = contains_token(value, "chunked");
            break;
        default:
            break;
    }
    return true;
}

}  // namespace

std::optional<Request> parse_request(std::string_view head) noexcept {
    FieldWalk fields(head);
    const auto line = fields.start_line();
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || last == first) return std::nullopt;

    Request request;
    request.head = head;
    request.method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    request.path = target.substr(0, target.find('?'));
    request.keep_alive = line.substr(last + 1) != "HTTP/1.0";
    while (fields.next()) {
        if (!read_field(request, fields.name(), fields.value())) return std::nullopt;
    }
    return request;
}

}  // namespace fairlead::bench
