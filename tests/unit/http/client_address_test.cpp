#include "proxy/http/client_address.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace fairlead;
using namespace fairlead::http;

namespace {

const std::vector<model::IpPrefix> private_ranges = {*model::parse_ip_prefix("10.0.0.0/8"),
                                                     *model::parse_ip_prefix("fd00::/8")};

ClientFacts facts_of(const std::string& ip, bool is_trusted) {
    ClientFacts facts;
    facts.ip = ip;
    facts.is_trusted = is_trusted;
    facts.trusted_proxies = &private_ranges;
    return facts;
}

/// What `client` and its X-Forwarded-For fields make of the client's address.
std::string address_of(const ClientFacts& client, const std::vector<std::string>& fields) {
    RequestHead head;
    for (const auto& value : fields)
        head.fields.push_back({"X-Forwarded-For", value, FieldId::x_forwarded_for});
    ClientAddress address(head, client);
    const std::string text(address.text());
    // Text and bytes are the same address.
    CHECK(address.ip() == model::read_ip(text));
    return text;
}

const ClientFacts proxy = facts_of("10.0.0.1", true);

}  // namespace

TEST_CASE("who is no trusted proxy is the client, whatever it says", "[http][client_address]") {
    CHECK(address_of(facts_of("192.0.2.7", false), {"203.0.113.9"}) == "192.0.2.7");
    CHECK(address_of(facts_of("2001:db8::1", false), {"203.0.113.9"}) == "2001:db8::1");
}

TEST_CASE("behind trusted proxies the client is the last address that is not trusted",
          "[http][client_address]") {
    CHECK(address_of(proxy, {"203.0.113.9"}) == "203.0.113.9");
    CHECK(address_of(proxy, {"198.51.100.1, 203.0.113.9"}) == "203.0.113.9");
    CHECK(address_of(proxy, {"198.51.100.1, 203.0.113.9, 10.1.1.1"}) == "203.0.113.9");
    CHECK(address_of(proxy, {"203.0.113.9,10.1.1.1\t, fd00::1,10.2.2.2"}) == "203.0.113.9");
    CHECK(address_of(proxy, {"198.51.100.1", "203.0.113.9, 10.9.9.9", "10.1.1.1"}) ==
          "203.0.113.9");
    // All of them trusted: the first of them began it.
    CHECK(address_of(proxy, {"10.3.3.3, 10.1.1.1"}) == "10.3.3.3");
    CHECK(address_of(proxy, {}) == "10.0.0.1");
}

TEST_CASE("ports and brackets as balancers write them are understood", "[http][client_address]") {
    CHECK(address_of(proxy, {"203.0.113.9:4711"}) == "203.0.113.9");
    CHECK(address_of(proxy, {"[2001:db8::9]:4711"}) == "2001:db8::9");
    CHECK(address_of(proxy, {"[2001:db8::9]"}) == "2001:db8::9");
    CHECK(address_of(proxy, {"2001:db8::9"}) == "2001:db8::9");
    CHECK(address_of(proxy, {"203.0.113.9, ::ffff:10.1.1.1"}) == "203.0.113.9");
}

TEST_CASE("an entry that is no address ends the way back", "[http][client_address]") {
    for (const std::string entry :
         {"unknown", "_hidden", "", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:1234567", "[::1",
          "[::1]x", "[::1]:", "203.0.113.999", "localhost", "203.0.113.9 ;"}) {
        INFO(entry);
        CHECK(address_of(proxy, {"198.51.100.1, " + entry}) == "10.0.0.1");
        CHECK(address_of(proxy, {"198.51.100.1, " + entry + ", 10.1.1.1"}) == "10.1.1.1");
    }
}

TEST_CASE("on a Unix socket only a trusted client tells of an address", "[http][client_address]") {
    CHECK(address_of(facts_of("", false), {"203.0.113.9"}) == "");
    CHECK(address_of(facts_of("", true), {"203.0.113.9"}) == "203.0.113.9");
    CHECK(address_of(facts_of("", true), {}) == "");
}
