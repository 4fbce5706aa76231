#include "proxy/http/trace.hpp"

#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/head_writer.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <string_view>

using namespace fairlead;
using namespace fairlead::http;

namespace {

constexpr std::uint32_t now = 0x67891233;

struct Traced {
    std::string sent;  // the fields that the endpoint gets of these three names
    std::string id;
    std::string amzn_root;
};

Traced traced(const std::string& fields, const model::TraceSettings& settings = {},
              std::uint64_t seed = 1) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    RequestHead head;
    HeadParser parser;
    REQUIRE(parser.parse_request(text, HeadLimits(), head) == ParseStatus::complete);
    REQUIRE(check_request(head) == Reason::none);
    Random random(seed);
    const Trace trace(head, settings, random, now);
    const ClientFacts client;
    TextBuffer written;
    write_request_head(written, head, client, trace.changes());
    const std::string out(written.text());

    Traced result;
    result.id = trace.id();
    result.amzn_root = trace.amzn_root();
    for (std::size_t begin = 0; begin < out.size();) {
        const auto end = out.find("\r\n", begin) + 2;
        const auto line = out.substr(begin, end - begin);
        const auto name = field_id(line.substr(0, line.find(':')));
        if (name == FieldId::traceparent || name == FieldId::tracestate ||
            name == FieldId::x_amzn_trace_id) {
            result.sent += line;
        }
        begin = end;
    }
    return result;
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

const std::string w3c_id = "0af7651916cd43dd8448eb211c80319c";
const std::string w3c = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
const std::string amzn = "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n";
const std::string amzn_id = "5759e988bd862e3fe1be46a994272793";

}  // namespace

TEST_CASE("a request without an id gets one, in both forms", "[http][trace]") {
    const auto made = traced("");
    REQUIRE(made.id.size() == 32);
    CHECK(is_hex(made.id));
    CHECK(made.id.substr(0, 8) == "67891233");
    CHECK(made.amzn_root.empty());
    const auto amzn_line = "X-Amzn-Trace-Id: Root=1-67891233-" + made.id.substr(8) + "\r\n";
    const auto w3c_line = "traceparent: 00-" + made.id + "-";
    CHECK(made.sent.starts_with(amzn_line + w3c_line));
    const auto parent = made.sent.substr(amzn_line.size() + w3c_line.size());
    CHECK(parent.size() == 16 + 5);
    CHECK(is_hex(parent.substr(0, 16)));
    CHECK(parent.substr(16) == "-01\r\n");
}

TEST_CASE("ids differ from request to request", "[http][trace]") {
    std::set<std::string> ids;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) ids.insert(traced("", {}, seed).id);
    CHECK(ids.size() == 1000);
}

TEST_CASE("what the two sides have is passed on untouched, and the missing one derived",
          "[http][trace]") {
    SECTION("a traceparent") {
        const auto out = traced(w3c + "tracestate: a=1\r\nTraceState: b=2\r\n");
        CHECK(out.sent == w3c + "tracestate: a=1\r\nTraceState: b=2\r\n" +
                              "X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;"
                              "Parent=b7ad6b7169203331;Sampled=1\r\n");
        CHECK(out.id == w3c_id);
    }
    SECTION("a traceparent that is not sampled, of a later version") {
        const std::string later =
            "traceparent: 01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02-more\r\n";
        const auto out = traced(later);
        CHECK(out.sent.starts_with(later));
        CHECK(out.sent.ends_with(";Sampled=0\r\n"));
        CHECK(out.id == w3c_id);
    }
    SECTION("an X-Amzn-Trace-Id of a balancer") {
        const auto out = traced(amzn);
        CHECK(out.sent.starts_with(amzn + "traceparent: 00-" + amzn_id + "-"));
        CHECK(out.sent.ends_with("-01\r\n"));
        CHECK(out.id == amzn_id);
    }
    SECTION("one with everything in it, in any order") {
        const std::string field =
            "x-amzn-trace-id: Self=1-67891233-12456789abcdef012345678; Sampled=0 "
            ";Root=1-5759E988-BD862E3FE1BE46A994272793;Parent=53995c3f42cd8ad8;Lineage=a:0\r\n";
        const auto out = traced(field);
        CHECK(out.sent == field + "traceparent: 00-" + amzn_id + "-53995c3f42cd8ad8-00\r\n");
        CHECK(out.id == amzn_id);
    }
    SECTION("both, of the same id") {
        const auto out =
            traced(w3c + "X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Sampled=1\r\n");
        CHECK(out.sent ==
              w3c + "X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Sampled=1\r\n");
        CHECK(out.id == w3c_id);
        CHECK(out.amzn_root.empty());
    }
    SECTION("both, of different ids: the log has both") {
        const auto out = traced(amzn + w3c);
        CHECK(out.sent == amzn + w3c);
        CHECK(out.id == w3c_id);
        CHECK(out.amzn_root == "1-5759e988-bd862e3fe1be46a994272793");
    }
}

TEST_CASE("an invalid traceparent is replaced, and its tracestate dropped", "[http][trace]") {
    const std::string_view bad[] = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",           // no flags
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",      // more in version 00
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",       // no dash
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",        // no version
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",        // upper case
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",        // no id
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",        // no parent
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",        // no hex
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",        // no dash
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 00-1",  // a list
    };
    for (const auto value : bad) {
        INFO(value);
        const auto out = traced("traceparent: " + std::string(value) + "\r\ntracestate: a=1\r\n");
        CHECK(out.id.starts_with("67891233"));
        CHECK(out.sent.starts_with("X-Amzn-Trace-Id: Root=1-67891233-"));
        CHECK(out.sent.find("traceparent: 00-" + out.id + "-") != std::string::npos);
        CHECK(out.sent.find("tracestate") == std::string::npos);
        CHECK(out.sent.find("traceparent") == out.sent.rfind("traceparent"));
    }
    SECTION("so are two of them") {
        const auto out = traced(w3c + w3c);
        CHECK(out.id.starts_with("67891233"));
        CHECK(out.sent.find(w3c_id) == std::string::npos);
    }
    SECTION("and a tracestate alone") {
        CHECK(traced("tracestate: a=1\r\n").sent.find("tracestate") == std::string::npos);
    }
}

TEST_CASE("an X-Amzn-Trace-Id without a root passes, and has no say", "[http][trace]") {
    for (const std::string value :
         {"", "x", "Root=", "Root=1-5759e988-bd86", "Root=2-5759e988-bd862e3fe1be46a994272793",
          "Root=1-00000000-000000000000000000000000", "root=1-5759e988-bd862e3fe1be46a994272793",
          "Self=1-5759e988-bd862e3fe1be46a994272793"}) {
        INFO(value);
        const auto field = "X-Amzn-Trace-Id: " + value + "\r\n";
        const auto out = traced(field);
        CHECK(out.id.starts_with("67891233"));
        CHECK(out.sent.starts_with(field + "traceparent: 00-" + out.id));
    }
}

TEST_CASE("what is created can be chosen", "[http][trace]") {
    model::TraceSettings settings;
    settings.create_amzn = false;
    CHECK(traced("", settings).sent.starts_with("traceparent: 00-"));
    settings.sampled = false;
    CHECK(traced("", settings).sent.ends_with("-00\r\n"));
    settings.create_w3c = false;
    CHECK(traced("", settings).sent.empty());
    CHECK(traced("", settings).id.empty());
    CHECK(traced(w3c, settings).sent == w3c);
    CHECK(traced(w3c, settings).id == w3c_id);
    CHECK(traced(amzn, settings).id == amzn_id);
    CHECK(traced("traceparent: x\r\n", settings).sent == "traceparent: x\r\n");
    settings.create_amzn = true;
    CHECK(traced("", settings).sent.starts_with("X-Amzn-Trace-Id: Root=1-"));
}
