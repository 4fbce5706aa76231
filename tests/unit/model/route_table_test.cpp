#include "proxy/model/route_table.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using fairlead::model::RouteSpec;
using fairlead::model::RouteTable;

namespace {

RouteSpec route(std::string host, std::string path, std::string service) {
    RouteSpec spec;
    spec.host = std::move(host);
    spec.path = std::move(path);
    spec.service = std::move(service);
    return spec;
}

/// The service of the route found, "" for none.
std::string found(const RouteTable& table, std::string_view host, std::string_view path) {
    const auto* const entry = table.find(host, path);
    return entry == nullptr ? "" : table.service_names()[entry->slot];
}

}  // namespace

TEST_CASE("paths are matched as Redx did: raw, on whole segments, empty segments ignored",
          "[model]") {
    const RouteTable table({route("site.com", "", "site.com"),
                            route("site.com", "/a", "site.com/a/"),
                            route("site.com", "/noslash/x", "deeper")});
    struct Row {
        std::string path, service;
    };
    const auto row =
        GENERATE(Row{"/", "site.com"}, Row{"/zzz", "site.com"}, Row{"/noslash", "site.com"},
                 Row{"/A/", "site.com"}, Row{"/a%2Fb/", "site.com"}, Row{"/%61/", "site.com"},
                 Row{"/ab", "site.com"}, Row{"", "site.com"}, Row{"*", "site.com"},
                 Row{"/a", "site.com/a/"}, Row{"/a/", "site.com/a/"}, Row{"/a/b/c", "site.com/a/"},
                 Row{"//a//b", "site.com/a/"}, Row{"/noslash/x", "deeper"},
                 Row{"/noslash//x//", "deeper"}, Row{"/noslash/xy", "site.com"});
    CAPTURE(row.path);
    CHECK(found(table, "site.com", row.path) == row.service);
}

TEST_CASE("without a route for the host's other paths there is none", "[model]") {
    const RouteTable table({route("slash.com", "/a", "web")});
    CHECK(found(table, "slash.com", "/").empty());
    CHECK(found(table, "slash.com", "/a/x") == "web");
    CHECK(found(table, "other.com", "/a").empty());
}

TEST_CASE("the longest path prefix wins", "[model]") {
    const RouteTable table(
        {route("h", "/a", "one"), route("h", "/a/b", "two"), route("h", "/a/b/c", "three")});
    CHECK(found(table, "h", "/a/x") == "one");
    CHECK(found(table, "h", "/a/b") == "two");
    CHECK(found(table, "h", "/a/b/cc") == "two");
    CHECK(found(table, "h", "/a/b/c/d/e") == "three");
}

TEST_CASE("the exact host wins over the longest suffix, that over a shorter one, that over *",
          "[model]") {
    const RouteTable table({route("*", "", "any"), route("*.example.org", "", "suffix"),
                            route("*.api.example.org", "", "longer"),
                            route("www.example.org", "", "exact")});
    CHECK(found(table, "www.example.org", "/") == "exact");
    CHECK(found(table, "x.example.org", "/") == "suffix");
    CHECK(found(table, "a.b.example.org", "/") == "suffix");
    CHECK(found(table, "v1.api.example.org", "/") == "longer");
    CHECK(found(table, "example.org", "/") == "any");
    CHECK(found(table, ".example.org", "/") == "any");
    CHECK(found(table, "notexample.org", "/") == "any");
    CHECK(found(table, "", "/") == "any");
}

TEST_CASE("a host without a matching path falls through to less specific hosts", "[model]") {
    const RouteTable table({route("a.test", "/only", "exact"), route("*.test", "/wide", "suffix"),
                            route("*", "", "any")});
    CHECK(found(table, "a.test", "/only/x") == "exact");
    CHECK(found(table, "a.test", "/wide") == "suffix");
    CHECK(found(table, "a.test", "/else") == "any");
}

TEST_CASE("a very long path is matched without being collapsed", "[model]") {
    const RouteTable table({route("h", "/a", "web")});
    CHECK(found(table, "h", "/a/" + std::string(100'000, 'x')) == "web");
    CHECK(found(table, "h", "/b" + std::string(100'000, '/')).empty());
}

TEST_CASE("routes of one service share a slot", "[model]") {
    const RouteTable table({route("a", "", "web"), route("b", "", "web"), route("c", "", "api")});
    CHECK(table.service_names() == std::vector<std::string>{"web", "api"});
}
