// One row for each way in which two readers could cut a message differently or route it
// differently.
#include "proxy/http/framing.hpp"

#include "proxy/http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

/// What becomes of a request head: Reason::none, or why it is refused.
Reason verdict(const std::string& text) {
    RequestHead head;
    HeadParser parser;
    const auto status = parser.parse_request(text, HeadLimits(), head);
    if (status == ParseStatus::failed) return parser.reason();
    REQUIRE(status == ParseStatus::complete);
    return check_request(head);
}

Reason response_verdict(const std::string& text, Method method = Method::get) {
    ResponseHead head;
    HeadParser parser;
    const auto status = parser.parse_response(text, HeadLimits(), head);
    if (status == ParseStatus::failed) return parser.reason();
    REQUIRE(status == ParseStatus::complete);
    return check_response(head, method);
}

struct Row {
    const char* what;
    std::string text;
    Reason expected;
};

std::string post(const std::string& fields) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("the framing guard refuses every request with two readings", "[http][framing]") {
    const std::vector<Row> rows = {
        // What parsers have been seen to let through
        {"a coding that is not chunked would leave the body for the next request",
         post("Transfer-Encoding: gzip\r\n"), Reason::unknown_coding},
        {"chunked that is not final", post("Transfer-Encoding: chunked, identity\r\n"),
         Reason::bad_coding},
        {"gzip under chunked", post("Transfer-Encoding: gzip, chunked\r\n"),
         Reason::unknown_coding},
        {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), Reason::bad_coding},
        {"chunked in two fields",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Reason::bad_coding},
        {"an unknown coding beside a length",
         post("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n"), Reason::length_and_coding},
        {"chunked beside a length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
         Reason::length_and_coding},
        {"an empty coding", post("Transfer-Encoding:\r\n"), Reason::bad_coding},
        {"a coding with a hidden name", post("Transfer-Encoding: xchunked\r\n"),
         Reason::unknown_coding},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         Reason::bad_coding},
        {"a list of lengths", post("Content-Length: 3,3\r\n"), Reason::bad_length},
        {"two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n"),
         Reason::bad_length},
        {"two different lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n"),
         Reason::bad_length},
        {"a length with a sign", post("Content-Length: +3\r\n"), Reason::bad_length},
        {"a negative length", post("Content-Length: -3\r\n"), Reason::bad_length},
        {"a length with a space", post("Content-Length: 1 2\r\n"), Reason::bad_length},
        {"a hexadecimal length", post("Content-Length: 0x10\r\n"), Reason::bad_length},
        {"a length that overflows", post("Content-Length: 99999999999999999999\r\n"),
         Reason::bad_length},
        {"an empty length", post("Content-Length:\r\n"), Reason::bad_length},
        {"a length with a tab", post("Content-Length: 1\t2\r\n"), Reason::bad_length},
        {"a length with a comma behind it", post("Content-Length: 3,\r\n"), Reason::bad_length},
        {"a length with a point", post("Content-Length: 3.0\r\n"), Reason::bad_length},
        {"a length in other digits", post("Content-Length: \xd9\xa3\r\n"), Reason::bad_length},
        {"a length of zero beside chunked",
         post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), Reason::length_and_coding},
        {"a coding with a parameter", post("Transfer-Encoding: chunked;q=1\r\n"),
         Reason::unknown_coding},
        {"a coding in quotes", post("Transfer-Encoding: \"chunked\"\r\n"), Reason::unknown_coding},
        {"chunked with a comma", post("Transfer-Encoding: chunked,\r\n"), Reason::bad_coding},
        {"chunked behind a comma", post("Transfer-Encoding: ,chunked\r\n"), Reason::bad_coding},
        {"chunked behind a vertical tab", post("Transfer-Encoding: \vchunked\r\n"),
         Reason::bad_header},
        {"identity", post("Transfer-Encoding: identity\r\n"), Reason::bad_coding},
        {"Host twice", get("Host: a\r\nHost: b\r\n"), Reason::bad_host},
        {"Host twice, alike", get("Host: a\r\nHost: a\r\n"), Reason::bad_host},
        {"no Host in HTTP/1.1", get("Accept: */*\r\n"), Reason::bad_host},
        {"an empty Host", get("Host:\r\n"), Reason::bad_host},
        {"Host with user information", get("Host: a@b\r\n"), Reason::bad_host},
        {"Host with a path", get("Host: a/b\r\n"), Reason::bad_host},
        {"Host with a bad port", get("Host: a:8x\r\n"), Reason::bad_host},
        {"Host with two", get("Host: a b\r\n"), Reason::bad_host},
        {"Host with a list", get("Host: a,b\r\n"), Reason::bad_host},
        {"Host with an escape", get("Host: %61\r\n"), Reason::bad_host},
        {"Host with an empty label", get("Host: a..b\r\n"), Reason::bad_host},
        {"Host that begins with a dot", get("Host: .a\r\n"), Reason::bad_host},
        {"Host that is a dot", get("Host: .\r\n"), Reason::bad_host},
        {"Host with bytes above ASCII", get("Host: \xc3\xa4\r\n"), Reason::bad_host},
        {"Host with a port only", get("Host: :80\r\n"), Reason::bad_host},
        {"Host with two ports", get("Host: a:80:80\r\n"), Reason::bad_host},
        {"Host with a port that does not exist", get("Host: a:65536\r\n"), Reason::bad_host},
        {"Host with a signed port", get("Host: a:+80\r\n"), Reason::bad_host},
        {"an IPv6 Host that is none", get("Host: [:::1]\r\n"), Reason::bad_host},
        {"an IPv6 Host without an end", get("Host: [::1\r\n"), Reason::bad_host},
        {"an IPv6 Host with more behind it", get("Host: [::1]a\r\n"), Reason::bad_host},
        {"a name of 256 characters",
         get("Host: " + std::string(128, 'a') + '.' + std::string(127, 'b') + "\r\n"),
         Reason::bad_host},
        {"empty Connection options",
         get("Host: a\r\nConnection: a" + std::string(40, ',') + "\r\n"), Reason::bad_header},
        {"an IPv4 address in brackets", get("Host: [127.0.0.1]\r\n"), Reason::bad_host},
        {"an IPv6 Host with a zone", get("Host: [fe80::1%25eth0]\r\n"), Reason::bad_host},
        {"HTTP/1.0 with Host twice", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
         Reason::bad_host},
        {"an absolute target without Host", "GET http://a/ HTTP/1.1\r\n\r\n", Reason::bad_host},
        {"an absolute target with another port", "GET http://a:80/ HTTP/1.1\r\nHost: a:81\r\n\r\n",
         Reason::bad_host},
        {"an absolute target with another Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
         Reason::bad_host},
        {"an absolute target with user information",
         "GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", Reason::bad_host},
        {"a folded field", get("Host: a\r\nX: 1\r\n 2\r\n"), Reason::bad_header},
        {"a fold right after the request line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
         Reason::bad_header},
        {"a space before the colon", post("Content-Length : 3\r\n"), Reason::bad_header},
        {"a tab before the colon", post("Transfer-Encoding\t: chunked\r\n"), Reason::bad_header},
        {"a field without a colon", get("Host: a\r\nnonsense\r\n"), Reason::bad_header},
        {"a field without a name", get("Host: a\r\n: x\r\n"), Reason::bad_header},
        {"a bare line feed at a field's end", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
         Reason::bad_header},
        {"a bare carriage return in a value", get("Host: a\r\nX: a\rContent-Length: 3\r\n"),
         Reason::bad_header},
        {"NUL in a value", get(std::string("Host: a\r\nX: a") + '\0' + "b\r\n"),
         Reason::bad_header},
        {"a control byte in a value", get("Host: a\r\nX: a\x01\r\n"), Reason::bad_header},
        {"DEL in a value", get("Host: a\r\nX: a\x7f\r\n"), Reason::bad_header},
        {"NUL in a name", get(std::string("Host: a\r\nX") + '\0' + ": b\r\n"), Reason::bad_header},
        {"a bare line feed at the request line's end", "GET / HTTP/1.1\nHost: a\r\n\r\n",
         Reason::bad_request_line},
        {"a head that ends in bare line feeds", "GET / HTTP/1.1\r\nHost: a\r\n\n",
         Reason::bad_header},
        {"a method that is not a token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_method},
        {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", Reason::bad_method},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"a control byte in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"a fragment in the target", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"a target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"* for a method other than OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_method},
        {"NUL in the method", std::string("G") + '\0' + "T / HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_method},
        {"a tab for the space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_request_line},
        {"bytes above ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"NUL in the target", std::string("GET /") + '\0' + " HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"half an escape in the path", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"an escape that is none", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"an escaped NUL in the path", "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_target},
        {"an absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"an absolute target without authority", "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_target},
        {"a bare carriage return in the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n",
         Reason::bad_request_line},
        {"two carriage returns", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Reason::bad_request_line},
        {"a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Reason::bad_version},
        {"two carriage returns behind a field", get("Host: a\r\r\n"), Reason::bad_header},
        {"a carriage return for the colon", get("Host\r: a\r\n"), Reason::bad_header},
        {"a name with bytes above ASCII", get("Host: a\r\n\xc3\xa4: b\r\n"), Reason::bad_header},
        {"a name in brackets", get("Host: a\r\n(x): b\r\n"), Reason::bad_header},
        {"a vertical tab in a value", get("Host: a\r\nX: a\vb\r\n"), Reason::bad_header},
        {"three empty lines first", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
         Reason::bad_request_line},
        {"a bare line feed first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_request_line},
        {"no version", "GET /\r\nHost: a\r\n\r\n", Reason::bad_request_line},
        {"two digits for the minor version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
         Reason::bad_version},
        {"a later version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Reason::bad_version},
        {"a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", Reason::bad_version},
        {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", Reason::http2_on_http1},
        // What must pass
        {"a plain request", get("Host: a\r\n"), Reason::none},
        {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", Reason::none},
        {"an absolute target that agrees with Host",
         "GET http://A:80/x HTTP/1.1\r\nHost: a:80\r\n\r\n", Reason::none},
        {"Chunked in any case", post("Transfer-Encoding: ChUnKeD\r\n"), Reason::none},
        {"a length with surrounding white space", post("Content-Length: \t 3 \r\n"), Reason::none},
        {"an empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::none},
        {"an IPv6 Host", get("Host: [::1]:8080\r\n"), Reason::none},
        {"obs-text in a value", get("Host: a\r\nX: \xc3\xa4\r\n"), Reason::none},
        {"an IPv6 Host of version 4", get("Host: [::ffff:1.2.3.4]\r\n"), Reason::none},
        {"Host with an underscore", get("Host: my_app.local\r\n"), Reason::none},
        {"Host with an empty port", get("Host: a:\r\n"), Reason::none},
        {"a percent sign in the query", "GET /?q=100% HTTP/1.1\r\nHost: a\r\n\r\n", Reason::none},
        {"a method of one's own", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::none},
        {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Reason::none},
        {"Connection that names Content-Length",
         post("Connection: Content-Length\r\nContent-Length: 3\r\n"), Reason::none},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(to_string(verdict(row.text)) == to_string(row.expected));
    }
}

TEST_CASE("Connection names few options", "[http][framing]") {
    const auto naming = [](int count) {
        std::string list = "a";
        for (int i = 1; i < count; ++i) list += ", x";
        return "Connection: " + list + "\r\n";
    };
    CHECK(verdict(get("Host: a\r\n" + naming(32))) == Reason::none);
    CHECK(verdict(get("Host: a\r\n" + naming(33))) == Reason::bad_header);
    CHECK(verdict(get("Host: a\r\n" + naming(20) + naming(13))) == Reason::bad_header);
    CHECK(response_verdict("HTTP/1.1 200 OK\r\n" + naming(33) + "\r\n") == Reason::bad_response);
}

TEST_CASE("Connection cannot make the length vanish", "[http][framing]") {
    RequestHead head;
    HeadParser parser;
    const std::string text =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\n";
    REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
    REQUIRE(check_request(head) == Reason::none);
    CHECK(head.body.kind == Framing::Kind::length);
    CHECK(head.body.length == 3);
}

TEST_CASE("the framing guard refuses every response with two readings", "[http][framing]") {
    const auto ok = [](const std::string& fields) {
        return "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    };
    const std::vector<Row> rows = {
        {"a coding that is not chunked", ok("Transfer-Encoding: gzip\r\n"),
         Reason::bad_response_framing},
        {"chunked that is not final", ok("Transfer-Encoding: chunked, gzip\r\n"),
         Reason::bad_response_framing},
        {"length and coding", ok("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
         Reason::bad_response_framing},
        {"two lengths", ok("Content-Length: 1\r\nContent-Length: 1\r\n"),
         Reason::bad_response_framing},
        {"a list of lengths", ok("Content-Length: 1, 1\r\n"), Reason::bad_response_framing},
        {"a length with a sign", ok("Content-Length: +1\r\n"), Reason::bad_response_framing},
        {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         Reason::bad_response_framing},
        {"a chunked 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
         Reason::bad_response_framing},
        {"a 204 that declares a body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
         Reason::bad_response_framing},
        {"a 100 that declares a body", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
         Reason::bad_response_framing},
        {"an interim answer in HTTP/1.0", "HTTP/1.0 100 Continue\r\n\r\n", Reason::bad_response},
        {"a bare line feed behind the status", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
         Reason::bad_response},
        {"a bare line feed behind a field", ok("A: b\nContent-Length: 0\r\n"),
         Reason::bad_response},
        {"a bare carriage return in a value", ok("A: b\rc\r\n"), Reason::bad_response},
        {"NUL in a value", ok(std::string("A: b") + '\0' + "\r\n"), Reason::bad_response},
        {"a control byte in the phrase", "HTTP/1.1 200 O\x01K\r\n\r\n", Reason::bad_response},
        {"a folded field", ok("X: 1\r\n 2\r\n"), Reason::bad_response},
        {"a space before the colon", ok("Content-Length : 1\r\n"), Reason::bad_response},
        {"a field without a colon", ok("nonsense\r\n"), Reason::bad_response},
        {"a name that is no token", ok("A(b: 1\r\n"), Reason::bad_response},
        {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", Reason::bad_response},
        {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", Reason::bad_response},
        {"a status below 100", "HTTP/1.1 099 X\r\n\r\n", Reason::bad_response},
        {"a status above 599", "HTTP/1.1 600 X\r\n\r\n", Reason::bad_response},
        {"a status with a sign", "HTTP/1.1 +20 OK\r\n\r\n", Reason::bad_response},
        {"two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", Reason::bad_response},
        {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", Reason::bad_response},
        {"another protocol", "ICY 200 OK\r\n\r\n", Reason::bad_response},
        {"a later version", "HTTP/2.0 200 OK\r\n\r\n", Reason::bad_response},
        {"a version in lower case", "http/1.1 200 OK\r\n\r\n", Reason::bad_response},
        {"a head larger than it may be", ok("A: " + std::string(70 * 1024, 'x') + "\r\n"),
         Reason::response_head_too_large},
        {"a plain response", ok("Content-Length: 1\r\n"), Reason::none},
        {"no phrase", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n", Reason::none},
        {"an empty phrase", "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n", Reason::none},
        {"no framing: up to the close", ok(""), Reason::none},
        {"a 204 that says that it is empty", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
         Reason::none},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(to_string(response_verdict(row.text)) == to_string(row.expected));
    }
}

TEST_CASE("a 101 switches only where it names WebSocket, and its connection", "[http][framing]") {
    const auto switches = [](const std::string& fields) {
        ResponseHead head;
        HeadParser parser;
        const std::string text = "HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n";
        REQUIRE(parser.parse_response(text, HeadLimits(), head) == ParseStatus::complete);
        REQUIRE(check_response(head, Method::get) == Reason::none);
        return head.switches_to_websocket;
    };
    CHECK(switches("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    CHECK(switches("connection: keep-alive, upgrade\r\nupgrade: WebSocket\r\n"));
    CHECK_FALSE(switches("Upgrade: websocket\r\n"));
    CHECK_FALSE(switches("Connection: Upgrade\r\n"));
    CHECK_FALSE(switches("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    CHECK_FALSE(switches(""));
}

TEST_CASE("answers to HEAD, 204 and 304 have no body whatever they declare", "[http][framing]") {
    const auto framing_of = [](const std::string& text, Method method) {
        ResponseHead head;
        HeadParser parser;
        REQUIRE(parser.parse_response(text, HeadLimits(), head) == ParseStatus::complete);
        REQUIRE(check_response(head, method) == Reason::none);
        return head;
    };
    const auto head = framing_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head);
    CHECK(head.body.kind == Framing::Kind::none);
    CHECK(head.declared.length == 5);
    CHECK(head.keep_alive);
    CHECK(framing_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Method::get)
              .body.kind == Framing::Kind::none);
    CHECK(framing_of("HTTP/1.1 204 No Content\r\n\r\n", Method::get).body.kind ==
          Framing::Kind::none);
}

TEST_CASE("an upgrade is taken up only for WebSocket", "[http][framing]") {
    const auto upgrades = [](const std::string& fields) {
        RequestHead head;
        HeadParser parser;
        const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
        REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
        REQUIRE(check_request(head) == Reason::none);
        return head.upgrades_to_websocket;
    };
    CHECK(upgrades("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"));
    CHECK(upgrades("Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n"));
    CHECK_FALSE(upgrades("Upgrade: websocket\r\n"));
    CHECK_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    CHECK_FALSE(upgrades("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n"));
}

TEST_CASE("the routing host is lower case, without port and trailing dot", "[http][framing]") {
    const auto host_of = [](const std::string& host) {
        RequestHead head;
        HeadParser parser;
        const std::string text = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
        REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
        REQUIRE(check_request(head) == Reason::none);
        return std::string(head.host);
    };
    CHECK(host_of("SITE.com") == "site.com");
    CHECK(host_of("site.com:8080") == "site.com");
    CHECK(host_of("site.com.") == "site.com");
    CHECK(host_of("Site.Com.:80") == "site.com");
    CHECK(host_of("[::1]:80") == "[::1]");
}
