#include "proxy/model/desired_state.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead::model;

TEST_CASE("a route's host is read without regard to case and final dot", "[model]") {
    CHECK(*parse_route_host("Site.COM.") == "site.com");
    CHECK(*parse_route_host("*.Example.org") == "*.example.org");
    CHECK(*parse_route_host("*") == "*");
    CHECK(*parse_route_host("[2001:DB8::1]") == "[2001:db8::1]");
}

TEST_CASE("what cannot be a route's host is refused", "[model]") {
    const std::string text =
        GENERATE("", ".", "site.com:8080", "http://site.com", "a..b", ".site.com", "si te.com",
                 "*.", "a.*.b", "[::1", "site.com/a");
    CAPTURE(text);
    CHECK_FALSE(parse_route_host(text).has_value());
}

TEST_CASE("a route's path is whole segments without empty ones", "[model]") {
    CHECK(*parse_route_path("") == "");
    CHECK(*parse_route_path("/") == "");
    CHECK(*parse_route_path("//a///b/") == "/a/b");
    CHECK(*parse_route_path("/A%2Fb") == "/A%2Fb");
}

TEST_CASE("what cannot be a route's path is refused", "[model]") {
    const std::string text =
        GENERATE(as<std::string>(), "a", "a/b", "/a b", "/a?x", "/a#x", "/a\r\n", "/\xc3\xa9",
                 "/a%", "/%4", "/%zz", "/" + std::string(4096, 'x'), [] {
                     std::string deep;
                     for (int i = 0; i < 65; ++i) deep += "/s";
                     return deep;
                 }());
    CAPTURE(text);
    CHECK_FALSE(parse_route_path(text).has_value());
}

TEST_CASE("a service's name has no spaces and no control characters", "[model]") {
    CHECK(parse_service_name("web-1:blue/x").has_value());
    CHECK(parse_service_name(std::string(200, 'x')).has_value());
    CHECK_FALSE(parse_service_name(std::string(201, 'x')).has_value());
    CHECK_FALSE(parse_service_name("").has_value());
    CHECK_FALSE(parse_service_name("a b").has_value());
    CHECK_FALSE(parse_service_name("a\n").has_value());
}
