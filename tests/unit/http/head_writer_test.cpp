#include "proxy/http/head_writer.hpp"

#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>
#include <string>

using namespace fairlead;
using namespace fairlead::http;

namespace {

std::string forwarded(const std::string& text, const ClientFacts& client) {
    RequestHead head;
    HeadParser parser;
    REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
    REQUIRE(check_request(head) == Reason::none);
    TextBuffer out;
    write_request_head(out, head, client, HeadChanges());
    return std::string(out.text());
}

const ClientFacts stranger = {"192.0.2.7", "8080", "http", false};
const ClientFacts friendly = {"10.0.0.1", "8080", "http", true};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a forwarded head is written anew", "[http][forward]") {
    const auto out =
        forwarded("GET http://a:81/x?y HTTP/1.1\r\nHost:  a:81 \r\naccept:\t*/*\r\n\r\n", stranger);
    CHECK(out ==
          "GET /x?y HTTP/1.1\r\nHost: a:81\r\naccept: */*\r\nX-Forwarded-For: "
          "192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
          "X-Forwarded-Port: 8080\r\nX-Forwarded-Host: a:81\r\n\r\n");
}

TEST_CASE("hop-by-hop fields and those that Connection names stay here", "[http][forward]") {
    const auto out = forwarded(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: "
        "5\r\n"
        "Proxy-Connection: x\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-Kept: 1\r\n\r\n",
        stranger);
    for (const auto* name :
         {"X-Secret", "Keep-Alive", "Proxy-Connection", "TE:", "Upgrade", "HTTP2", "Connection"}) {
        INFO(name);
        CHECK_FALSE(has(out, name));
    }
    CHECK(has(out, "X-Kept: 1\r\n"));
}

TEST_CASE("a client cannot have the proxy's own fields removed or forged", "[http][forward]") {
    const auto out = forwarded(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Forwarded-For, Host\r\nX-Forwarded-For: "
        "1.1.1.1\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.1.1.1\r\n\r\n",
        stranger);
    CHECK(has(out, "Host: a\r\n"));
    CHECK(has(out, "X-Forwarded-For: 192.0.2.7\r\n"));
    CHECK(has(out, "X-Forwarded-Proto: http\r\n"));
    CHECK_FALSE(has(out, "1.1.1.1"));
    CHECK_FALSE(has(out, "evil"));
}

TEST_CASE("a trusted proxy's X-Forwarded fields are kept and extended", "[http][forward]") {
    const auto out = forwarded(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n\r\n",
        friendly);
    CHECK(has(out, "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.1\r\n"));
    CHECK(has(out, "X-Forwarded-Proto: https\r\n"));
    CHECK(has(out, "X-Forwarded-Port: 443\r\n"));
    CHECK(has(out, "X-Forwarded-Host: a\r\n"));
    CHECK_FALSE(has(out, "X-Forwarded-Proto: http\r\n"));
}

TEST_CASE("a trusted proxy cannot have them removed by Connection either", "[http][forward]") {
    const auto out = forwarded(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Port: 443\r\nX-Forwarded-Host: b\r\nForwarded: for=1.1.1.1\r\n"
        "Connection: close, x-forwarded-for, X-Forwarded-Proto, x-forwarded-port\r\n"
        "Connection: X-Forwarded-Host, Forwarded, Host\r\n\r\n",
        friendly);
    CHECK(out ==
          "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
          "X-Forwarded-Host: b\r\nX-Forwarded-For: 1.1.1.1, 10.0.0.1\r\n"
          "Forwarded: for=1.1.1.1, for=10.0.0.1;host=\"a\";proto=http\r\n\r\n");
}

TEST_CASE("Forwarded is extended where a trusted proxy sent it, else it is dropped",
          "[http][forward]") {
    const std::string request =
        "GET / HTTP/1.1\r\nHost: a:81\r\nForwarded: for=1.1.1.1\r\nForwarded: "
        "for=\"[::1]\"\r\n\r\n";
    CHECK(has(forwarded(request, friendly),
              "Forwarded: for=1.1.1.1, for=\"[::1]\", for=10.0.0.1;host=\"a:81\";proto=http\r\n"));
    CHECK_FALSE(has(forwarded(request, stranger), "\r\nForwarded"));
    CHECK_FALSE(has(forwarded("GET / HTTP/1.1\r\nHost: a\r\n\r\n", friendly), "\r\nForwarded"));
    const ClientFacts v6 = {"2001:db8::1", "443", "https", true};
    CHECK(has(forwarded(request, v6), ", for=\"[2001:db8::1]\";host=\"a:81\";proto=https\r\n"));
    const ClientFacts local = {"", "", "http", true};
    CHECK(has(forwarded(request, local), ", for=unknown;host=\"a:81\";proto=http\r\n"));
}

TEST_CASE("a trusted client on a Unix socket has its X-Forwarded-For passed on",
          "[http][forward]") {
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n";
    const ClientFacts trusted = {"", "", "http", true};
    CHECK(has(forwarded(request, trusted), "X-Forwarded-For: 1.1.1.1\r\n"));
    const ClientFacts unknown = {"", "", "http", false};
    CHECK_FALSE(has(forwarded(request, unknown), "X-Forwarded-For"));
}

TEST_CASE("an empty field of a trusted proxy says nothing", "[http][forward]") {
    const auto out = forwarded(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For:\r\nX-Forwarded-Proto:\r\n\r\n", friendly);
    CHECK(has(out, "X-Forwarded-For: 10.0.0.1\r\n"));
    CHECK(has(out, "X-Forwarded-Proto: http\r\n"));
    CHECK_FALSE(has(out, "Proto:\r\n"));
}

TEST_CASE("an endpoint cannot have our own fields removed either", "[http][forward]") {
    ResponseHead head;
    HeadParser parser;
    const std::string_view text =
        "HTTP/1.1 200 OK\r\nConnection: X-Hop, Content-Length\r\nX-Hop: 1\r\nX_Kept: "
        "2\r\nContent-Length: 3\r\n\r\n";
    REQUIRE(parser.parse_response(text, HeadLimits(), head) == ParseStatus::complete);
    REQUIRE(check_response(head, Method::get) == Reason::none);
    TextBuffer out;
    write_response_head(out, head, head.body, ConnectionWord::none);
    CHECK(out.text() == "HTTP/1.1 200 OK\r\nX_Kept: 2\r\nContent-Length: 3\r\n\r\n");
}

TEST_CASE("a head of any size is written whole", "[http][forward]") {
    for (const std::size_t size : std::initializer_list<std::size_t>{
             0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 400, 511, 512, 513, 9000}) {
        const std::string value(size, 'v');
        const auto out =
            forwarded("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\nY: 1\r\n\r\n", stranger);
        CHECK(has(out, "\r\nX: " + value + "\r\nY: 1\r\n"));
        CHECK(out.ends_with("\r\n\r\n"));
    }
}

TEST_CASE("names with an underscore are dropped", "[http][forward]") {
    const auto out = forwarded("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\n\r\n", stranger);
    CHECK_FALSE(has(out, "X_Forwarded_For"));
}

TEST_CASE("what the body is framed by is said once, by us", "[http][forward]") {
    const auto with_length =
        forwarded("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\n\r\n", stranger);
    CHECK(has(with_length, "Content-Length: 7\r\n"));
    CHECK_FALSE(has(with_length, "007"));
    const auto chunked =
        forwarded("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n", stranger);
    CHECK(has(chunked, "Transfer-Encoding: chunked\r\n"));
}

TEST_CASE("TE: trailers and an upgrade are renewed for the next hop", "[http][forward]") {
    CHECK(has(forwarded("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, deflate\r\n\r\n", stranger),
              "Connection: TE\r\nTE: trailers\r\n"));
    CHECK(has(
        forwarded("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                  stranger),
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

TEST_CASE("100-continue is passed on whatever else is expected", "[http][forward]") {
    const auto out = forwarded(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: more\r\nExpect: "
        "100-Continue\r\nExpect: 100-continue\r\n\r\n",
        stranger);
    CHECK(has(out, "\r\nExpect: 100-continue\r\nExpect: more\r\nContent-Length: 3\r\n"));
    CHECK_FALSE(
        has(forwarded("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", stranger),
            "Expect"));
}

TEST_CASE("framing fields in trailers are dropped", "[http][forward]") {
    const std::vector<Field> trailers = {{"Content-Length", "3", FieldId::content_length, false},
                                         {"X-Sum", "1", FieldId::other, false}};
    TextBuffer out;
    write_last_chunk(out, &trailers);
    CHECK(out.text() == "0\r\nX-Sum: 1\r\n\r\n");
}

TEST_CASE("a response sets the cookie it is given", "[http][forward]") {
    ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    const StickyCookie cookie = {"sess", "MTI3%3d", "/a/"};
    TextBuffer out;
    write_response_head(out, head, Framing(), ConnectionWord::none, nullptr, &cookie);
    CHECK(out.text() ==
          "HTTP/1.1 200 OK\r\nSet-Cookie: sess=MTI3%3d; Path=/a/; HttpOnly; SameSite=None; "
          "Secure\r\n\r\n");
}
