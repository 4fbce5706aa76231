#include "proxy/http/websocket.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/net/sha1.hpp"

namespace fairlead::http {
namespace {

constexpr std::string_view handshake_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct Found {
    std::string_view value;
    unsigned count = 0;
};

Found find_field(const std::vector<Field>& fields, std::string_view lowered_name) {
    Found found;
    for (const auto& field : fields) {
        if (!ascii::iequals(field.name, lowered_name)) continue;
        found.value = field.value;
        ++found.count;
    }
    return found;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    return net::sha1_base64(std::string(key).append(handshake_guid));
}

bool accepts_websocket(const RequestHead& request, const ResponseHead& response) {
    const auto key = find_field(request.fields, "sec-websocket-key");
    if (key.count == 0) return true;
    const auto accept = find_field(response.fields, "sec-websocket-accept");
    return key.count == 1 && accept.count == 1 && accept.value == websocket_accept(key.value);
}

}  // namespace fairlead::http
