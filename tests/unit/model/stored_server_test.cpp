// The cookie of the stickiness plugin, as browsers have it from Redx.
#include "proxy/model/stored_server.hpp"

#include <catch2/catch.hpp>

using namespace fairlead::model;

TEST_CASE("a sticky cookie is the server's host and port, as Redx wrote it", "[stored_server]") {
    CHECK(sticky_cookie("127.0.0.1:9001") == "MTI3LjAuMC4xOjkwMDE%3d");
    CHECK(sticky_cookie("127.0.0.1:9001/fixed/uri") == "MTI3LjAuMC4xOjkwMDE%3d");
    CHECK(sticky_cookie("10.0.0.1:80") == "MTAuMC4wLjE6ODA%3d");
    CHECK(sticky_cookie("app:8080") == "YXBwOjgwODA%3d");
    CHECK(sticky_cookie("app:80") == "YXBwOjgw");
    CHECK(sticky_cookie("abcd") == "YWJjZA%3d%3d");
    CHECK(sticky_cookie("~~~>>>???:1") == "fn5%2bPj4%2bPz8%2fOjE%3d");
    CHECK(sticky_cookie("") == "");
}

TEST_CASE("cookies are the same however they are percent-encoded", "[stored_server]") {
    CHECK(same_cookie("YWJjZA%3d%3d", "YWJjZA=="));
    CHECK(same_cookie("YWJjZA%3d%3d", "YWJjZA%3D%3D"));
    CHECK(same_cookie("", ""));
    CHECK(!same_cookie("YWJjZA%3d%3d", "YWJjZA%3d"));
    CHECK(!same_cookie("YWJjZA%3d%3d", "YWJjZA"));
    CHECK(!same_cookie("YWJjZA", "YWJjZA%"));
    CHECK(!same_cookie("YWJjZA", "YWJjZA%3"));
    CHECK(!same_cookie("YWJjZA%3d%3d", "YWJjZB%3d%3d"));
    CHECK(!same_cookie("", "x"));
}
