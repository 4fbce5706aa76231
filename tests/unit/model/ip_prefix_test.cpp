#include "proxy/model/ip_prefix.hpp"

#include <catch2/catch.hpp>

#include <string>

using fairlead::model::parse_ip;
using fairlead::model::parse_ip_prefix;

TEST_CASE("a prefix contains the addresses of its range and no others", "[model]") {
    struct Row {
        std::string prefix, address;
        bool is_inside;
    };
    const auto row = GENERATE(
        Row{"10.0.0.0/8", "10.255.0.1", true}, Row{"10.0.0.0/8", "11.0.0.1", false},
        Row{"192.168.4.0/22", "192.168.7.255", true}, Row{"192.168.4.0/22", "192.168.8.0", false},
        Row{"127.0.0.1", "127.0.0.1", true}, Row{"127.0.0.1", "127.0.0.2", false},
        Row{"0.0.0.0/0", "203.0.113.9", true}, Row{"0.0.0.0/0", "2001:db8::1", false},
        Row{"2001:db8::/32", "2001:db8:ffff::1", true},
        Row{"2001:db8::/33", "2001:db8:8000::", false}, Row{"::/0", "2001:db8::1", true},
        Row{"10.0.0.0/8", "::ffff:10.1.2.3", true});
    CAPTURE(row.prefix, row.address);
    CHECK(parse_ip_prefix(row.prefix)->contains(*parse_ip(row.address)) == row.is_inside);
}

TEST_CASE("a malformed prefix is refused", "[model]") {
    const std::string text = GENERATE("", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::/129",
                                      "host/8", "10.0.0.0/8x", "10.0.0.0/-1");
    CAPTURE(text);
    CHECK_FALSE(parse_ip_prefix(text).has_value());
}

TEST_CASE("an address is read to its last byte", "[model]") {
    using fairlead::model::read_ip;
    CHECK(read_ip("1.2.3.4"));
    CHECK(read_ip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"));
    CHECK_FALSE(read_ip(std::string("1.2.3.4\0", 8)));
    CHECK_FALSE(read_ip("1.2.3.4 "));
    CHECK_FALSE(read_ip("01.2.3.4"));
    CHECK_FALSE(read_ip("[::1]"));
    CHECK_FALSE(read_ip(std::string(200, '1')));
}

TEST_CASE("addresses and prefixes are written as they are read", "[model]") {
    using fairlead::model::ip_text;
    const std::string address =
        GENERATE("0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "2001:db8::1");
    CHECK(ip_text(*parse_ip(address)) == address);
    const std::string prefix =
        GENERATE("0.0.0.0/0", "10.0.0.0/8", "127.0.0.1/32", "::/0", "2001:db8::/32", "::1/128");
    CHECK(to_string(*parse_ip_prefix(prefix)) == prefix);
}
