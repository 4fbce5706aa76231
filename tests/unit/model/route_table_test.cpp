#include "proxy/model/route_table.hpp"

#include "tests/unit/model/table_of.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using fairlead::model::RouteSpec;
using fairlead::model::RouteTable;
using fairlead::test::table_of;

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
    return entry == nullptr ? "" : entry->route.service;
}

}  // namespace

TEST_CASE("paths are matched as Redx did: raw, on whole segments, empty segments ignored",
          "[model]") {
    const RouteTable table =
        table_of({route("site.com", "", "site.com"), route("site.com", "/a", "site.com/a/"),
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
    const RouteTable table = table_of({route("slash.com", "/a", "web")});
    CHECK(found(table, "slash.com", "/").empty());
    CHECK(found(table, "slash.com", "/a/x") == "web");
    CHECK(found(table, "other.com", "/a").empty());
}

TEST_CASE("the longest path prefix wins", "[model]") {
    const RouteTable table = table_of(
        {route("h", "/a", "one"), route("h", "/a/b", "two"), route("h", "/a/b/c", "three")});
    CHECK(found(table, "h", "/a/x") == "one");
    CHECK(found(table, "h", "/a/b") == "two");
    CHECK(found(table, "h", "/a/b/cc") == "two");
    CHECK(found(table, "h", "/a/b/c/d/e") == "three");
}

TEST_CASE("the exact host wins over the longest suffix, that over a shorter one, that over *",
          "[model]") {
    const RouteTable table =
        table_of({route("*", "", "any"), route("*.example.org", "", "suffix"),
                  route("*.api.example.org", "", "longer"), route("www.example.org", "", "exact")});
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
    const RouteTable table = table_of({route("a.test", "/only", "exact"),
                                       route("*.test", "/wide", "suffix"), route("*", "", "any")});
    CHECK(found(table, "a.test", "/only/x") == "exact");
    CHECK(found(table, "a.test", "/wide") == "suffix");
    CHECK(found(table, "a.test", "/else") == "any");
}

TEST_CASE("a path of any length finds its route, whatever slashes it has", "[model]") {
    const std::string deep = [] {
        std::string path;
        for (std::size_t i = 0; i < fairlead::model::most_route_segments; ++i) path += "/s";
        return path;
    }();
    const std::string longest = "/" + std::string(fairlead::model::longest_route_path - 1, 'l');
    const RouteTable table =
        table_of({route("h", "", "any"), route("h", "/a", "web"), route("h", "/a/b", "deny"),
                  route("h", deep, "deep"), route("h", longest, "long")});
    CHECK(found(table, "h", "//a/b/" + std::string(100'000, '/')) == "deny");
    CHECK(found(table, "h", "//a//b" + std::string(100'000, '/') + "x") == "deny");
    CHECK(found(table, "h", "//a/b/" + std::string(100'000, 'x')) == "deny");
    CHECK(found(table, "h", "//a/" + std::string(100'000, 'x')) == "web");
    CHECK(found(table, "h", deep + "/s") == "deep");
    CHECK(found(table, "h", "/" + deep + "//s") == "deep");
    CHECK(found(table, "h", "/" + longest) == "long");
    CHECK(found(table, "h", "/" + longest + "/x") == "long");
    CHECK(found(table, "h", "/" + longest + "x") == "any");
}

TEST_CASE("a very long path is matched", "[model]") {
    const RouteTable table = table_of({route("h", "/a", "web")});
    CHECK(found(table, "h", "/a/" + std::string(100'000, 'x')) == "web");
    CHECK(found(table, "h", "/b" + std::string(100'000, '/')).empty());
}

TEST_CASE("a copy that is changed leaves the table it was made of as it is", "[model]") {
    const auto before = table_of({route("a", "", "web"), route("a", "/x", "web")});
    auto after = before;
    after.set("a", "/x", {});
    after.set("a", "/y/z", {route("a", "/y/z", "api")});
    after.set("b", "", {route("b", "", "api")});
    CHECK(found(before, "a", "/x") == "web");
    CHECK(found(before, "b", "/").empty());
    CHECK(before.size() == 2);
    CHECK(found(after, "a", "/x") == "web");  // the host's own
    CHECK(found(after, "a", "/y/z") == "api");
    CHECK(found(after, "b", "/") == "api");
    CHECK(after.size() == 3);
    after.set("a", "", {});
    after.set("a", "/y/z", {});
    CHECK(found(after, "a", "/y/z").empty());
    CHECK(after.size() == 1);
}

TEST_CASE("a table of many hosts and paths finds each, and none that has left", "[model]") {
    RouteTable table;
    const auto host = [](int i) { return "h" + std::to_string(i) + ".test"; };
    for (int i = 0; i < 5000; ++i) table.set(host(i), "", {route(host(i), "", host(i))});
    for (int i = 0; i < 300; ++i) {
        const auto path = "/p" + std::to_string(i);
        table.set("h0.test", path, {route("h0.test", path, path)});
    }
    for (int i = 0; i < 5000; i += 2) table.set(host(i + 1), "", {});
    CHECK(table.size() == 2500 + 300);
    CHECK(table.entries().size() == table.size());
    for (int i = 0; i < 5000; ++i) CHECK(found(table, host(i), "/") == (i % 2 == 0 ? host(i) : ""));
    for (int i = 0; i < 300; ++i) {
        const auto path = "/p" + std::to_string(i);
        CHECK(found(table, "h0.test", path + "/more") == path);
    }
}
