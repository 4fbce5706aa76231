#include "proxy/http/head_parser.hpp"

#include <catch2/catch.hpp>

using namespace fairlead;
using namespace fairlead::http;

TEST_CASE("a head reads the same however it is cut", "[http][parser]") {
    const std::string text =
        "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nAccept:  */*  \r\nX-Empty:\r\n\r\nrest";
    for (std::size_t first = 0; first < text.size(); ++first) {
        HeadParser parser;
        RequestHead head;
        const auto early =
            parser.parse_request(std::string_view(text).substr(0, first), HeadLimits(), head);
        REQUIRE(early != ParseStatus::failed);
        if (early == ParseStatus::incomplete) {
            REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
        }
        CHECK(parser.size() == text.size() - 4);
        CHECK(head.method == Method::get);
        CHECK(head.target == "/a?b=c");
        CHECK(head.path == "/a");
        REQUIRE(head.fields.size() == 3);
        CHECK(head.fields[0].id == FieldId::host);
        CHECK(head.fields[1].value == "*/*");
        CHECK(head.fields[2].value.empty());
    }
}

TEST_CASE("a verdict does not depend on how the bytes are cut", "[http][parser]") {
    HeadLimits limits;
    limits.bytes = 120;
    limits.fields = 3;
    const std::string nul(1, '\0');
    const std::vector<std::string> texts = {
        "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\n\r\n",
        "GET /" + nul + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "G T\r\nHost: a\r\n\r\n",
        "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: " + std::string(88, 'a') + "\r\n\r\n",  // of 116 bytes
        "GET / HTTP/1.1\r\nHost: " + std::string(94, 'a') + "\r\n\r\n",  // of 122 bytes
        "GET / HTTP/1.1\r\nHost: " + std::string(97, 'a') + "\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost " + std::string(200, 'a') + "\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (const auto& text : texts) {
        RequestHead head;
        HeadParser whole;
        const auto expected = whole.parse_request(text, limits, head);
        const auto fields = head.fields.size();
        for (std::size_t step = 1; step < 40; ++step) {
            HeadParser parser;
            auto status = ParseStatus::incomplete;
            for (std::size_t n = step; status == ParseStatus::incomplete; n += step) {
                status = parser.parse_request(std::string_view(text).substr(0, n), limits, head);
                if (n >= text.size()) break;
            }
            INFO(text << " in steps of " << step);
            CHECK(status == expected);
            CHECK(to_string(parser.reason()) == to_string(whole.reason()));
            if (status == ParseStatus::complete) CHECK(head.fields.size() == fields);
        }
    }
}

TEST_CASE("OPTIONS with an absolute target and no path is about the server", "[http][parser]") {
    RequestHead head;
    HeadParser parser;
    const std::string_view text = "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n";
    REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
    CHECK(head.target == "*");
}

TEST_CASE("an absolute target becomes origin form", "[http][parser]") {
    const auto parse = [](std::string_view text,
                          RequestHead& head) {  // literals: the head refers to them
        HeadParser parser;
        return parser.parse_request(text, HeadLimits(), head);
    };
    RequestHead head;
    REQUIRE(parse("GET HTTP://a:80/x?y HTTP/1.1\r\n\r\n", head) == ParseStatus::complete);
    CHECK(head.target == "/x?y");
    CHECK(head.absolute_authority == "a:80");
    REQUIRE(parse("GET http://a HTTP/1.1\r\n\r\n", head) == ParseStatus::complete);
    CHECK(head.target == "/");
    CHECK(parse("GET http:// HTTP/1.1\r\n\r\n", head) == ParseStatus::failed);
    CHECK(parse("GET ftp://a/ HTTP/1.1\r\n\r\n", head) == ParseStatus::failed);
    REQUIRE(parse("GET http://a?b HTTP/1.1\r\n\r\n", head) == ParseStatus::complete);
    CHECK(head.target == "/?b");
    CHECK(head.path == "/");
    CHECK(head.absolute_authority == "a");
}

TEST_CASE("a head over a limit is refused before it is complete", "[http][parser]") {
    HeadLimits limits;
    limits.bytes = 100;
    limits.fields = 2;
    RequestHead head;
    HeadParser too_long;
    CHECK(too_long.parse_request("GET /" + std::string(200, 'a'), limits, head) ==
          ParseStatus::failed);
    CHECK(too_long.reason() == Reason::head_too_large);
    HeadParser too_many;
    CHECK(too_many.parse_request("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits, head) ==
          ParseStatus::failed);
    CHECK(too_many.reason() == Reason::too_many_headers);
}

TEST_CASE("the limit that is reached first is the reason, however the bytes are cut",
          "[http][parser]") {
    HeadLimits limits;
    limits.bytes = 60;
    limits.start_line = 20;
    limits.field = 30;
    struct Row {
        std::string head;
        Reason reason;
    };
    // Counted with CRLF: a request line of 20, a header of 30, a head of 60 are allowed.
    const auto row = GENERATE(
        Row{"GET /56789 HTTP/1.1\r\n\r\n", Reason::request_line_too_long},
        Row{"GET /5678 HTTP/1.1\r\nHost: a\r\n\r\n", Reason::none},
        Row{"GET / HTTP/1.1\r\nX: 34567890123456789012345678\r\n\r\n", Reason::header_too_large},
        Row{"GET / HTTP/1.1\r\nX: 3456789012345678901234567\r\n\r\n", Reason::none},
        Row{"GET / HTTP/1.1\r\nX: 3456789012345678901234567\r\nY: 3456789\r\n\r\n", Reason::none},
        Row{"GET / HTTP/1.1\r\nX: 3456789012345678901234567\r\nY: 34567890\r\n\r\n",
            Reason::head_too_large},
        Row{"GET / HTTP/1.1\r\nX: 3456789012345678901234567\r\nY: 34567890123456789\r\n\r\n",
            Reason::head_too_large});
    INFO(row.head);
    const auto verdict_of = [&](std::size_t step) {
        RequestHead head;
        HeadParser parser;
        auto status = ParseStatus::incomplete;
        for (std::size_t size = 1; size <= row.head.size(); ++size) {
            if (size % step != 0 && size != row.head.size()) continue;
            status = parser.parse_request(std::string_view(row.head).substr(0, size), limits, head);
            if (status != ParseStatus::incomplete) break;
        }
        CHECK(status != ParseStatus::incomplete);
        return status == ParseStatus::complete ? Reason::none : parser.reason();
    };
    for (const std::size_t step : {1u, 7u, 1000u}) {
        INFO(step);
        CHECK(verdict_of(step) == row.reason);
    }
}

TEST_CASE("every field that is acted on is known by any spelling", "[http][parser]") {
    CHECK(field_id("Connection") == FieldId::connection);
    CHECK(field_id("CONTENT-LENGTH") == FieldId::content_length);
    CHECK(field_id("transfer-Encoding") == FieldId::transfer_encoding);
    CHECK(field_id("HOST") == FieldId::host);
    CHECK(field_id("Te") == FieldId::te);
    CHECK(field_id("Trailer") == FieldId::trailer);
    CHECK(field_id("Upgrade") == FieldId::upgrade);
    CHECK(field_id("Expect") == FieldId::expect);
    CHECK(field_id("Forwarded") == FieldId::forwarded);
    CHECK(field_id("Keep-Alive") == FieldId::keep_alive);
    CHECK(field_id("Proxy-Connection") == FieldId::proxy_connection);
    CHECK(field_id("HTTP2-Settings") == FieldId::http2_settings);
    CHECK(field_id("X-Forwarded-For") == FieldId::x_forwarded_for);
    CHECK(field_id("X-Forwarded-Host") == FieldId::x_forwarded_host);
    CHECK(field_id("X-Forwarded-Port") == FieldId::x_forwarded_port);
    CHECK(field_id("X-Forwarded-Proto") == FieldId::x_forwarded_proto);
    CHECK(field_id("Content-Lengt_") == FieldId::other);
}

TEST_CASE("every name with Redx's prefix is one of Redx's", "[http][head]") {
    CHECK(field_id("X-Redx-Frontend-Name") == FieldId::x_redx);
    CHECK(field_id("x-redx-backend-cache-hit") == FieldId::x_redx);
    CHECK(field_id("X-REDX-A") == FieldId::x_redx);
    CHECK(field_id("X-Redx-") == FieldId::x_redx);
    CHECK(field_id("X-Redx") == FieldId::other);
    CHECK(field_id("X-Red") == FieldId::other);
    CHECK(field_id("X-Redy-Frontend-Name") == FieldId::other);
    CHECK(field_id("Y-Redx-Frontend-Name") == FieldId::other);
    CHECK(field_id("X-Real-IP") == FieldId::x_real_ip);
    CHECK(field_id("X-Forwarded-Protocol") == FieldId::x_forwarded_protocol);
    CHECK(field_id("X-Forwarded-Proto") == FieldId::x_forwarded_proto);
}
