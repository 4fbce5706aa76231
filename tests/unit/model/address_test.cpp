#include "proxy/model/address.hpp"

#include <catch2/catch.hpp>

#include <string>

using fairlead::model::Address;
using fairlead::model::parse_address;

TEST_CASE("an address is read in each of its three forms and written back", "[model]") {
    const std::string text = GENERATE("127.0.0.1:80", "[::1]:8080", "unix:/run/app.sock",
                                      "app.internal:65535", "0.0.0.0:0");
    const auto address = parse_address(text);
    REQUIRE(address.has_value());
    CHECK(to_string(*address) == text);
}

TEST_CASE("a host is lower case in an address", "[model]") {
    CHECK(parse_address("App.Internal:80")->host == "app.internal");
}

TEST_CASE("the default port stands in where none is written", "[model]") {
    CHECK(*parse_address("10.0.0.1", 80) == Address::tcp("10.0.0.1", 80));
    CHECK(*parse_address("[::1]", 80) == Address::tcp("::1", 80));
    CHECK_FALSE(parse_address("10.0.0.1").has_value());
}

TEST_CASE("what is no address is refused with what is allowed", "[model]") {
    const std::string text =
        GENERATE("", ":80", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[::1", "[::1]80",
                 "[abc]:80", "http://a:80", "a b:80", "unix:", "unix:relative", "a/b:80");
    CAPTURE(text);
    const auto address = parse_address(text);
    REQUIRE_FALSE(address.has_value());
    CHECK_THAT(address.error().text(),
               Catch::Contains("allowed: host:port, [v6]:port or unix:/path"));
}

TEST_CASE("a socket path longer than the kernel takes is refused", "[model]") {
    CHECK(parse_address("unix:/" + std::string(106, 'a')).has_value());
    CHECK_FALSE(parse_address("unix:/" + std::string(107, 'a')).has_value());
}
