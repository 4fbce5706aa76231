// The parts of Redx's API that need no process: who may write, what a batch means, that every row
// is answered, described and documented. The table of answers is tests/system/golden/redx_api.txt.
#include "control/api/redx_api.hpp"

#include "control/api/json_text.hpp"
#include "control/api/openapi.hpp"
#include "control/api/redx_answers.hpp"
#include "control/api/redx_batch.hpp"
#include "control/api/redx_table.hpp"
#include "control/config/config_loader.hpp"
#include "control/embedded/embedded_store.hpp"
#include "control/store/redis_store.hpp"
#include "control/store/store_changes.hpp"
#include "proxy/base/random.hpp"
#include "tests/unit/control/run_task.hpp"
#include "tests/unit/control/store_reading.hpp"
#include "tests/unit/control/temp_folder.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

using namespace fairlead;
using control::BatchVerb;
using control::HttpReply;
using control::HttpRequest;
using control::RedxApi;
using control::StoreContents;

namespace {

/// Nothing is kept on disk.
model::StoreSettings without_file() {
    model::StoreSettings settings;
    settings.last_good = "off";
    return settings;
}

HttpRequest request_for(std::string_view method, std::string_view path,
                        std::string_view body = {}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.peer = "127.0.0.1";
    request.peer_port = 4711;
    request.is_local = true;
    return request;
}

/// A row's path with something in the place of its parameters.
std::string filled(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (c != '{' && c != '}') out.push_back(c);
    }
    return out;
}

/// Over an embedded store of its own.
struct Served {
    explicit Served(model::ApiSettings given = {}) : settings(std::move(given)) {
        REQUIRE(store.open().has_value());
    }
    HttpReply ask(const HttpRequest& request) { return test::run_task(io, api.handle(request)); }

    test::TempFolder folder;
    aio::IoContext io{1};
    model::ApiSettings settings;
    control::EmbeddedStore store{io, folder.path(), 1};
    RedxApi api{store, settings};
};

std::string text_of(BatchVerb verb, std::string_view body, StoreContents contents = {}) {
    const auto changes = control::read_batch(body, verb, "0");
    if (!changes) return changes.error().text();
    control::apply_changes(contents, *changes);
    return control::batch_text(contents);
}

}  // namespace

TEST_CASE("each row of the API is answered, and has a line in its documentation", "[redx_api]") {
    Served served;
    std::ifstream file(FAIRLEAD_SOURCE_DIR "/docs/api.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    for (const auto& row : control::redx_rows()) {
        INFO(row.method << " " << row.path);
        const auto reply = served.ask(request_for(row.method, filled(row.path), "{}"));
        CHECK((reply.status == 200 || reply.body == control::redx_absent().body));
        CHECK(document.find(fmt::format("| `{} {}` |", row.method, row.path)) != std::string::npos);
    }
}

TEST_CASE("the OpenAPI document has the rows of the API and no other", "[redx_api]") {
    const auto document = boost::json::parse(control::openapi_document().body);
    std::size_t operations = 0;
    for (const auto& path : document.at("paths").as_object())
        operations += path.value().as_object().size();
    CHECK(operations == control::redx_rows().size());
    for (const auto& row : control::redx_rows()) {
        INFO(row.method << " " << row.path);
        std::string verb(row.method);
        std::transform(verb.begin(), verb.end(), verb.begin(),
                       [](char c) { return static_cast<char>(c - 'A' + 'a'); });
        const auto& operation = document.at("paths").at(std::string(row.path)).at(verb);
        CHECK(operation.at("summary").as_string() == std::string(row.help));
        CHECK(operation.as_object().contains("security") == !row.needs_token);
    }
}

TEST_CASE("without Redis every row but the pages is a 500 that says so", "[redx_api]") {
    const test::TempFolder folder;
    aio::IoContext io{1};
    control::RedisStore store(io, {{*control::parse_redis_url("unix:" + (folder / "none.sock"))}},
                              without_file(), 1);
    const model::ApiSettings settings;
    RedxApi api(store, settings);
    for (const auto& row : control::redx_rows()) {
        if (row.page != nullptr) continue;
        INFO(row.method << " " << row.path);
        const auto request = request_for(row.method, filled(row.path), "{}");
        const auto reply = test::run_task(io, api.handle(request));
        CHECK(reply.status == 500);
        CHECK(reply.body ==
              R"({"message":"Error connecting to redis: no such file or directory"})");
    }
}

TEST_CASE("without a token clients from elsewhere read, and write nothing", "[redx_api]") {
    Served served;
    for (const auto& row : control::redx_rows()) {
        INFO(row.method << " " << row.path);
        auto request = request_for(row.method, filled(row.path), "{}");
        request.is_local = false;
        request.peer = "10.1.2.3";
        CHECK((served.ask(request).status == 403) == row.writes());
        // A page of somebody else's in a browser here.
        request.is_local = true;
        request.fields = {{"Origin", "https://evil.example"}};
        CHECK((served.ask(request).status == 403) == row.writes());
    }
}

TEST_CASE("with a token nobody does anything without it, but look whether it is there",
          "[redx_api]") {
    model::ApiSettings settings;
    settings.token = "open-sesame";
    Served served(settings);
    for (const auto& row : control::redx_rows()) {
        INFO(row.method << " " << row.path);
        auto request = request_for(row.method, filled(row.path), "{}");
        const bool is_open = row.path == "/health" || row.path == "/test";
        CHECK((served.ask(request).status == 401) == !is_open);
        for (const char* wrong : {"Bearer open-sesamf", "Bearer open-sesame1", "Bearer ", "Bearer",
                                  "Basic open-sesame", "open-sesame", ""}) {
            request.fields = {{"Authorization", wrong}};
            CHECK((served.ask(request).status == 401) == !is_open);
        }
        request.is_local = false;
        request.fields = {{"authorization", "BEARER  open-sesame "}};
        CHECK(served.ask(request).status != 401);
        CHECK(served.ask(request).status != 403);
    }
    // Not even which paths there are.
    CHECK(served.ask(request_for("GET", "/nothing")).status == 401);
}

TEST_CASE("the API's token comes from the environment, and no message repeats it", "[redx_api]") {
    ::setenv("FAIRLEAD_TEST_TOKEN", "open-sesame", 1);
    const auto good = control::parse_config(
        "api: {token: '${FAIRLEAD_TEST_TOKEN}', max_body: 1MiB, default_score: 7}", "f.yaml");
    REQUIRE(good.ok());
    CHECK(good.process.api.token == "open-sesame");
    CHECK(good.process.api.max_body == 1024 * 1024);
    CHECK(good.process.api.default_score == "7");
    for (const std::string bad : {"sesame", "open sesame", "open-s\xc3\xa4same"}) {
        ::setenv("FAIRLEAD_TEST_TOKEN", bad.c_str(), 1);
        const auto loaded =
            control::parse_config("api: {token: '${FAIRLEAD_TEST_TOKEN}'}", "f.yaml");
        REQUIRE(loaded.problems.size() == 1);
        CHECK(loaded.problems[0].to_string() ==
              "f.yaml:1:14: api.token: the token cannot be used; allowed: 8 to 1024 visible "
              "characters, no spaces");
    }
}

TEST_CASE("a batch that makes no sense says what and where", "[redx_api]") {
    struct Row {
        std::string_view body;
        std::string_view problem;
    };
    constexpr Row rows[] = {
        {"", "Missing json body"},
        {" \r\n\t", "Missing json body"},
        {"{", "Invalid json body: incomplete JSON"},
        {"{} {}", "Invalid json body: extra data"},
        {"7", "Invalid json body: the whole is not an object"},
        {"[1]", "Invalid json body: the whole is not an object"},
        {R"({"frontends":{"url":"x"}})", "Invalid json body: frontends is not a list"},
        {R"({"frontends":[{}, {}]})", "Invalid json body: frontends[0].url is missing"},
        {R"({"frontends":[{"url":7}]})", "Invalid json body: frontends[0].url is not a string"},
        {R"({"frontends":["x"]})", "Invalid json body: frontends[0] is not an object"},
        {R"({"frontends":[{"url":"x","backend_name":[]}]})",
         "Invalid json body: frontends[0].backend_name is not a string"},
        {R"({"backends":[{"servers":[]}]})", "Invalid json body: backends[0].name is missing"},
        {R"({"backends":[{"name":"b","servers":7}]})",
         "Invalid json body: backends[0].servers is not a string"},
        {R"({"backends":[{"name":"b","servers":["a",null]}]})",
         "Invalid json body: backends[0].servers[1] is not a string"},
        {R"({"backends":[{"name":"b","servers":[["a",[]]]}]})",
         "Invalid json body: backends[0].servers[0][1] is not a string, a number or a boolean"},
        {R"({"backends":[{"name":"b","config":["a"]}]})",
         "Invalid json body: backends[0].config is not an object"},
        {R"({"backends":[{"name":"b","config":{"k":null}}]})",
         "Invalid json body: backends[0].config.k is not a string, a number or a boolean"},
    };
    for (const auto verb : {BatchVerb::add, BatchVerb::replace}) {
        for (const auto& row : rows) {
            INFO(row.body);
            const auto changes = control::read_batch(row.body, verb, "0");
            if (row.body.find("backend_name\":[]") == std::string_view::npos ||
                verb == BatchVerb::add) {
                REQUIRE(!changes);
                CHECK(changes.error().text() == row.problem);
            }
        }
    }
}

TEST_CASE("a batch names servers as text, as pairs, or as one", "[redx_api]") {
    CHECK(
        text_of(BatchVerb::add,
                R"({"frontends":[{"url":"x","backend_name":"b"},{"url":"y","backend_name":null}],)"
                R"("backends":[{"name":"b","servers":["a:1",["b:1",2.50],["c:1",true],"_k"]},)"
                R"({"name":"c","servers":"d:1","config":{"n":1e3,"m":18446744073709551615}},)"
                R"({"name":"none","servers":{},"config":[]}]})") ==
        "{\"frontends\":[\n"
        "{\"url\":\"x\",\"backend_name\":\"b\"}\n"
        "],\"backends\":[\n"
        "{\"name\":\"b\",\"servers\":[[\"a:1\",\"0\"],[\"b:1\",\"2.5\"],[\"c:1\",\"true\"]],"
        "\"config\":{\"k\":\"0\"}},\n"
        "{\"name\":\"c\",\"servers\":[[\"d:1\",\"0\"]],"
        "\"config\":{\"m\":\"18446744073709551615\",\"n\":\"1000\"}}\n"
        "]}\n");
}

TEST_CASE("what batch_text writes is read back as the same", "[redx_api]") {
    StoreContents contents;
    contents.frontends["a \"b\" \\ \n \x01 \xff /"] = "\xc3\xa4=&+%41";
    contents.backends["web"].servers = {{"10.0.0.2:80", "007"}, {"10.0.0.1:80", "1e400"}};
    contents.backends["web"].config = {{"_x", ""}, {"k", "\t"}};
    contents.backends["only config"].config = {{"", "v"}};
    const auto text = control::batch_text(contents);
    CHECK(text_of(BatchVerb::add, text) == text);
    CHECK(text_of(BatchVerb::replace, text, contents) == text);
    CHECK(text_of(BatchVerb::add, control::batch_text({})) == control::batch_text({}));
}

TEST_CASE("whatever the bytes, a batch is read or refused, and what is read can be written again",
          "[redx_api]") {
    const std::string good =
        R"({"frontends":[{"url":"x","backend_name":"b"}],"backends":[{"name":"b",)"
        R"("servers":["a:1",["b:1",2.5]],"config":{"k":true}},{"name":"c","servers":"d:1"}]})";
    Random random(20261121);
    std::size_t read = 0;
    for (int round = 0; round < 20000; ++round) {
        auto body = good;
        for (auto changes = 1 + random.below(3); changes > 0; --changes) {
            const auto at = random.below(static_cast<std::uint32_t>(body.size()));
            const auto kind = random.below(3);
            // Structure more often than noise.
            const char byte = kind == 0 ? static_cast<char>(random.below(256))
                                        : "{}[]\",:0-e%\\"[random.below(13)];
            if (kind == 2) {
                body.erase(at, 1 + random.below(8));
            } else {
                body[at] = byte;
            }
            if (body.empty()) body = good;
        }
        for (const auto verb : {BatchVerb::add, BatchVerb::replace, BatchVerb::remove}) {
            const auto changes = control::read_batch(body, verb, "0");
            if (!changes) continue;
            ++read;
            StoreContents contents;
            control::apply_changes(contents, *changes);
            const auto text = control::batch_text(contents);
            INFO(body);
            CHECK(text_of(BatchVerb::add, text) == text);
        }
    }
    CHECK(read > 1000);
}

TEST_CASE("JSON text escapes what it must and nothing else", "[redx_api]") {
    const auto json = [](std::string_view text) {
        std::string out;
        control::append_json(out, text);
        return out;
    };
    CHECK(json("") == R"("")");
    CHECK(json("a/b\x7f\xff") == "\"a/b\x7f\xff\"");
    CHECK(json(std::string_view("\"\\\b\f\n\r\t\x01\x1f\0", 10)) ==
          R"("\"\\\b\f\n\r\t\u0001\u001f\u0000")");

    const auto score = [](std::string_view text) {
        std::string out;
        control::append_json_score(out, text);
        return out;
    };
    for (const char* number : {"0", "-0", "30", "1.5", "-0.25", "1e5", "1E+5", "12e-3"})
        CHECK(score(number) == number);
    for (const char* text : {"", "-", "007", "+1", ".5", "1.", "1e", "1e+", "nan", "0x1", "1 "})
        CHECK(score(text) == "\"" + std::string(text) + "\"");
}

TEST_CASE("a write is its client's doing, and what nobody asked for changes nothing",
          "[redx_api]") {
    Served served;
    auto request = request_for("POST", "/frontends/x.com/web");
    CHECK(request.client() == "127.0.0.1:4711");
    request.peer = "::1";
    CHECK(request.client() == "[::1]:4711");
    CHECK(served.ask(request).status == 200);
    CHECK(test::read_all(served.io, served.store).frontends.at("x.com") == "web");
}
