#include "proxy/http/websocket.hpp"

#include <catch2/catch.hpp>

#include <string_view>
#include <vector>

using namespace fairlead::http;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

bool accepts(std::vector<std::string_view> keys, std::vector<std::string_view> accepted) {
    RequestHead request;
    for (const auto value : keys) request.fields.push_back({"Sec-WebSocket-Key", value});
    ResponseHead response;
    for (const auto value : accepted) response.fields.push_back({"sec-websocket-accept", value});
    return accepts_websocket(request, response);
}

}  // namespace

TEST_CASE("the accept value is that of the RFC's example") {
    CHECK(websocket_accept(key) == accept);
}

TEST_CASE("a 101 accepts a handshake with the one value that fits the key") {
    CHECK(accepts({key}, {accept}));
    CHECK_FALSE(accepts({key}, {}));
    CHECK_FALSE(accepts({key}, {"x"}));
    CHECK_FALSE(accepts({key}, {"S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}));
    CHECK_FALSE(accepts({key}, {accept, accept}));
    CHECK_FALSE(accepts({key, key}, {accept}));
}

TEST_CASE("a handshake without a key is for the endpoint to judge") {
    CHECK(accepts({}, {}));
    CHECK(accepts({}, {accept}));
}
