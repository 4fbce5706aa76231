// Redx's API, byte for byte: one table of requests and answers, run over each store.
#include "control/redx_api.hpp"

#include "control/embedded_store.hpp"
#include "control/redis_store.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace fairlead;
using control::HttpReply;
using control::HttpRequest;
using control::RedxApi;

namespace {

struct Row {
    std::string_view method;
    std::string_view path;
    int status;
    std::string_view body;
    std::string_view field = "";  // "Name: value" that the answer has
};

constexpr std::string_view ok = R"({"message":"OK"})";
constexpr std::string_view absent = R"({"message":"Entry does not exist"})";
constexpr std::string_view unknown = R"({"message":"Not found"})";
constexpr std::string_view wrong_method = R"({"message":"Method not allowed"})";
constexpr std::string_view bad_asset =
    R"({"message":"Bad asset type. Must be \"frontends\" or \"backends\""})";
constexpr std::string_view moved = R"({"message":"Moved Permanently"})";

// In order: each row sees what those before it left.
constexpr Row golden[] = {
    {"GET", "/health", 200, ok},
    {"GET", "/frontends", 200, R"({"message":"OK","data":[]})"},
    {"GET", "/backends", 200, R"({"message":"OK","data":[]})"},
    {"GET", "/frontends/x.com", 404, absent},
    {"GET", "/backends/web", 404, absent},
    {"DELETE", "/frontends/x.com", 200, ok},
    {"DELETE", "/backends/web", 200, ok},
    {"DELETE", "/backends/web/a%3A1", 200, ok},

    {"POST", "/frontends/x.com/web", 200, ok},
    {"GET", "/frontends/x.com", 200, R"({"message":"OK","data":"web"})"},
    {"PUT", "/frontends/x.com/other", 200, ok},
    {"GET", "/frontends/x.com", 200, R"({"message":"OK","data":"other"})"},
    {"PUT", "/frontends/x.com%2Fa%2Fb%2F/we%2Bb+", 200, ok},
    {"GET", "/frontends/x.com%2Fa%2Fb%2F", 200, R"({"message":"OK","data":"we+b+"})"},
    {"GET", "/frontends?x=y", 200,
     R"({"message":"OK","data":[{"url":"x.com","backend_name":"other"},{"url":"x.com/a/b/","backend_name":"we+b+"}]})"},
    {"DELETE", "/frontends/x.com%2Fa%2Fb%2F/ignored", 200, ok},
    {"HEAD", "/frontends/x.com", 200, R"({"message":"OK","data":"other"})"},
    {"PUT", "/frontends/host.com:8080%2Fa%2F/b:c", 200, ok},
    {"GET", "/frontends", 200,
     R"({"message":"OK","data":[{"url":"host.com:8080/a/","backend_name":"b:c"},{"url":"x.com","backend_name":"other"}]})"},

    {"POST", "/backends/web/10.0.0.2:8080", 200, ok},
    {"POST", "/backends/web/10.0.0.1%3A8080", 200, ok},
    {"GET", "/backends/web", 200,
     R"({"message":"OK","data":{"servers":["10.0.0.2:8080","10.0.0.1:8080"],"config":{},"scores":{"10.0.0.2:8080":0,"10.0.0.1:8080":0}}})"},
    {"PUT", "/backends/web/10.0.0.2:8080/score/30", 200, ok},
    {"PUT", "/backends/web/10.0.0.3/score/1.5", 200, ok},
    {"PUT", "/backends/web/10.0.0.4/score/abc", 200, ok},
    {"GET", "/backends/web", 200,
     R"({"message":"OK","data":{"servers":["10.0.0.2:8080","10.0.0.1:8080","10.0.0.3","10.0.0.4"],"config":{},"scores":{"10.0.0.2:8080":30,"10.0.0.1:8080":0,"10.0.0.3":1.5E0,"10.0.0.4":"abc"}}})"},
    {"POST", "/backends/web/10.0.0.2:8080", 200, ok},
    {"DELETE", "/backends/web/10.0.0.3", 200, ok},
    {"DELETE", "/backends/web/10.0.0.4", 200, ok},
    {"PUT", "/backends/web/config/limit/5", 200, ok},
    {"PUT", "/backends/web/config/score/7", 200, ok},
    {"GET", "/backends/web/config/limit", 200, R"({"message":"OK","data":"5"})"},
    {"GET", "/backends/web/config/score", 200, R"({"message":"OK","data":"7"})"},
    {"DELETE", "/backends/web/config/score", 200, ok},
    {"GET", "/backends/web/config/score", 404, absent},
    {"GET", "/backends/none/config/score", 404, absent},
    {"GET", "/backends", 200,
     R"({"message":"OK","data":[{"name":"web","servers":["10.0.0.2:8080","10.0.0.1:8080"],"config":{"limit":"5"},"scores":{"10.0.0.2:8080":0,"10.0.0.1:8080":0}}]})"},
    {"PUT", "/backends/web/10.0.0.9:1", 200, ok},
    {"GET", "/backends/web", 200,
     R"({"message":"OK","data":{"servers":["10.0.0.9:1"],"config":{},"scores":{"10.0.0.9:1":0}}})"},
    {"DELETE", "/backends/web/10.0.0.9:1", 200, ok},
    {"GET", "/backends/web", 404, absent},
    {"PUT", "/backends/conf/config/k/v", 200, ok},
    {"GET", "/backends/conf", 200,
     R"({"message":"OK","data":{"servers":[],"config":{"k":"v"},"scores":{}}})"},
    {"POST", "/backends/conf/_under", 200, ok},
    {"GET", "/backends/conf/config/under", 200, R"({"message":"OK","data":"0"})"},
    {"DELETE", "/backends/conf", 200, ok},

    {"GET", "/frontends/", 301, moved, "Location: /frontends"},
    {"GET", "/frontends/x.com/", 301, moved, "Location: /frontends/x.com"},
    {"GET", "/nothing/?a=b", 301, moved, "Location: /nothing?a=b"},
    {"GET", "//evil.com/", 301, moved, "Location: /evil.com"},
    {"GET", "/", 404, unknown},
    {"GET", "", 404, unknown},
    {"GET", "*", 404, unknown},
    {"GET", "/nothing", 404, unknown},
    {"GET", "/orphans", 404, unknown},
    {"POST", "/batch", 404, unknown},
    {"GET", "/backends//x", 404, unknown},
    {"GET", "/things/x", 400, bad_asset},
    {"DELETE", "/things/x", 400, bad_asset},
    {"PUT", "/things/x/y", 400, bad_asset},
    {"GET", "/things/x/y", 404, unknown},
    {"POST", "/health", 405, wrong_method, "Allow: GET, HEAD"},
    {"GET", "/flush", 405, wrong_method, "Allow: DELETE"},
    {"OPTIONS", "/frontends", 405, wrong_method, "Allow: GET, HEAD"},
    {"PATCH", "/frontends/x", 405, wrong_method, "Allow: GET, HEAD, DELETE"},
    {"GET", "/frontends/x/y", 405, wrong_method, "Allow: POST, PUT, DELETE"},
    {"POST", "/backends/x", 405, wrong_method, "Allow: GET, HEAD, DELETE"},

    {"DELETE", "/flush", 200, ok},
    {"GET", "/frontends", 200, R"({"message":"OK","data":[]})"},
};

HttpReply ask(aio::IoContext& io, control::Store& store, const Row& row) {
    RedxApi api(store);
    HttpRequest request;
    request.method = row.method;
    const auto question = row.path.find('?');
    request.path = row.path.substr(0, question);
    if (question != std::string_view::npos) request.query = row.path.substr(question + 1);
    return test::run_task(io, api.handle(request));
}

void check_golden(aio::IoContext& io, control::Store& store) {
    for (const auto& row : golden) {
        INFO(row.method << " " << row.path);
        const auto reply = ask(io, store, row);
        CHECK(reply.status == row.status);
        CHECK(reply.body == row.body);
        CHECK(reply.content_type == "application/json");
        if (row.field.empty()) {
            CHECK(reply.fields.empty());
        } else {
            REQUIRE(reply.fields.size() == 1);
            CHECK(reply.fields[0].first + ": " + reply.fields[0].second == row.field);
        }
    }
}

}  // namespace

TEST_CASE("the API over the embedded store answers as Redx's did", "[redx_api]") {
    const test::TempFolder folder;
    aio::IoContext io{1};
    control::EmbeddedStore store(io, folder.path(), 1);
    REQUIRE(store.open().has_value());
    check_golden(io, store);
}

TEST_CASE("the API over Redis answers as Redx's did", "[redx_api]") {
    if (test::RedisServer::is_missing()) {
        WARN("SKIPPED: /usr/bin/redis-server is not installed");
        return;
    }
    const test::TempFolder folder;
    test::RedisServer server(folder.path());
    REQUIRE(server.start());
    aio::IoContext io{1};
    control::RedisStore store(io, {{*control::parse_redis_url("unix:" + server.socket_path())}}, 1);
    check_golden(io, store);
}

TEST_CASE("without Redis every answer of the API is a 500 that says so", "[redx_api]") {
    const test::TempFolder folder;
    aio::IoContext io{1};
    control::RedisStore store(io, {{*control::parse_redis_url("unix:" + (folder / "none.sock"))}},
                              1);
    for (const auto& row : golden) {
        if (row.status != 200 || row.method == "HEAD") continue;
        INFO(row.method << " " << row.path);
        const auto reply = ask(io, store, row);
        CHECK(reply.status == 500);
        CHECK(reply.body ==
              R"({"message":"Error connecting to redis: no such file or directory"})");
    }
}
