#include "proxy/access_log/json_format.hpp"
#include "proxy/access_log/line.hpp"
#include "proxy/access_log/text_format.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using namespace fairlead;
using namespace fairlead::access_log;

namespace {

template <class Write>
std::string line_of(Write write, const Record& record, std::string_view time) {
    std::string out(most_line_bytes + 8, '#');
    const auto* const end = write(out.data(), record, time);
    const auto size = static_cast<std::size_t>(end - out.data());
    REQUIRE(size <= most_line_bytes);
    CHECK(out.substr(most_line_bytes) == "########");
    return out.substr(0, size);
}

std::string json(const Record& record) {
    return line_of(write_json, record, "2026-11-21T06:31:00.123Z");
}
std::string text(const Record& record) {
    return line_of(write_text, record, "21/Nov/2026:06:31:00 +0000");
}

Record usual() {
    Record record;
    record.client = "192.0.2.7";
    record.method = "GET";
    record.host = "www.example.org";
    record.target = "/a/b?x=1&y=2";
    record.path = "/a/b";
    record.protocol = "HTTP/1.1";
    record.referer = "https://example.org/";
    record.user_agent = "curl/7.88.1";
    record.status = 200;
    record.bytes_received = 181;
    record.bytes_sent = 10389;
    record.connect = 250us;
    record.first_byte = 1500us;
    record.total = 2100us;
    record.service = "web";
    record.endpoint = "10.0.0.9:80";
    record.attempts = 1;
    record.snapshot = 17;
    record.trace_id = "67891233abcdef012345678912345678";
    return record;
}

Record everything() {
    auto record = usual();
    record.peer = "10.0.0.1";
    record.wait = 30us;
    record.attempts = 2;
    record.amzn_root = "1-67891234-000000000000000000000001";
    record.tls = "TLSv1.3";
    record.cipher = "TLS_AES_256_GCM_SHA384";
    record.sni = "www.example.org";
    record.reason = Reason::first_byte_timeout;
    record.status = 504;
    return record;
}

}  // namespace

TEST_CASE("a usual request as JSON", "[access_log]") {
    CHECK(json(usual()) ==
          R"({"time":"2026-11-21T06:31:00.123Z","client":"192.0.2.7","method":"GET",)"
          R"("host":"www.example.org","path":"/a/b","query":"x=1&y=2","protocol":"HTTP/1.1",)"
          R"("status":200,"bytes_received":181,"bytes_sent":10389,"wait_us":0,"connect_us":250,)"
          R"("first_byte_us":1500,"total_us":2100,"service":"web","endpoint":"10.0.0.9:80",)"
          R"("attempts":1,"snapshot":17,"trace_id":"67891233abcdef012345678912345678",)"
          R"("referer":"https://example.org/","user_agent":"curl/7.88.1"})"
          "\n");
}

TEST_CASE("a line with everything as JSON", "[access_log]") {
    CHECK(json(everything()) ==
          R"({"time":"2026-11-21T06:31:00.123Z","client":"192.0.2.7","peer":"10.0.0.1",)"
          R"("method":"GET","host":"www.example.org","path":"/a/b","query":"x=1&y=2",)"
          R"("protocol":"HTTP/1.1","status":504,"bytes_received":181,"bytes_sent":10389,)"
          R"("wait_us":30,"connect_us":250,"first_byte_us":1500,"total_us":2100,)"
          R"("service":"web","endpoint":"10.0.0.9:80","attempts":2,)"
          R"("reason":"first_byte_timeout","snapshot":17,)"
          R"("trace_id":"67891233abcdef012345678912345678",)"
          R"("amzn_root":"1-67891234-000000000000000000000001","tls":"TLSv1.3",)"
          R"("cipher":"TLS_AES_256_GCM_SHA384","sni":"www.example.org",)"
          R"("referer":"https://example.org/","user_agent":"curl/7.88.1"})"
          "\n");
}

TEST_CASE("what never became a request is a line too", "[access_log]") {
    Record record;
    record.client = "192.0.2.7";
    record.status = 400;
    record.reason = Reason::bad_request_line;
    CHECK(json(record) ==
          R"({"time":"2026-11-21T06:31:00.123Z","client":"192.0.2.7","status":400,)"
          R"("bytes_received":0,"bytes_sent":0,"wait_us":0,"connect_us":0,"first_byte_us":0,)"
          R"("total_us":0,"attempts":0,"reason":"bad_request_line","snapshot":0})"
          "\n");
    CHECK(text(record) ==
          R"(192.0.2.7 - - [21/Nov/2026:06:31:00 +0000] "-" 400 0 "-" "-" host="-" received=0 )"
          R"(wait_us=0 connect_us=0 first_byte_us=0 total_us=0 service="-" endpoint="-" )"
          R"(attempts=0 reason=bad_request_line snapshot=0 trace_id=- amzn_root=- tls=- cipher=- )"
          R"(sni="-" peer=-)"
          "\n");
}

TEST_CASE("a line as text begins with the Combined format", "[access_log]") {
    CHECK(text(everything()) ==
          R"(192.0.2.7 - - [21/Nov/2026:06:31:00 +0000] "GET /a/b?x=1&y=2 HTTP/1.1" 504 10389 )"
          R"("https://example.org/" "curl/7.88.1" host="www.example.org" received=181 wait_us=30 )"
          R"(connect_us=250 first_byte_us=1500 total_us=2100 service="web" )"
          R"(endpoint="10.0.0.9:80" attempts=2 reason=first_byte_timeout snapshot=17 )"
          R"(trace_id=67891233abcdef012345678912345678 )"
          R"(amzn_root=1-67891234-000000000000000000000001 tls=TLSv1.3 )"
          R"(cipher=TLS_AES_256_GCM_SHA384 sni="www.example.org" peer=10.0.0.1)"
          "\n");
}

TEST_CASE("what a PROXY header said besides stands in the lines that have it", "[access_log]") {
    auto record = usual();
    record.vpc_endpoint = "vpce-08d2bf15fac5001c9";
    record.proxy_id = "id\"1";
    record.client_cert = "client.example";
    CHECK(json(record).find(R"(,"vpc_endpoint":"vpce-08d2bf15fac5001c9","proxy_id":"id\"1",)"
                            R"("client_cert":"client.example",)") != std::string::npos);
    CHECK(text(record).ends_with(R"( peer=- vpc_endpoint="vpce-08d2bf15fac5001c9" )"
                                 R"(proxy_id="id\x221" client_cert="client.example")"
                                 "\n"));
}

TEST_CASE("a client that got no answer has status 0, in text three digits", "[access_log]") {
    auto record = usual();
    record.status = 0;
    record.reason = Reason::client_closed;
    CHECK(json(record).find(R"("status":0,)") != std::string::npos);
    CHECK(text(record).find(R"(HTTP/1.1" 000 )") != std::string::npos);
}

TEST_CASE("no client can forge a line or a field", "[access_log]") {
    auto record = usual();
    record.user_agent = "x\"}\n{\"time\":\"forged\",\"status\":200}";
    record.referer = "\" 200 1 \"-\" \"-\"\nforged";
    record.target = "/\"\\\x01\xff";
    record.path = record.target;
    const auto as_json = json(record);
    CHECK(std::count(as_json.begin(), as_json.end(), '\n') == 1);
    CHECK(as_json.find(R"("user_agent":"x\"}\u000a{\"time\":\"forged\",\"status\":200}")") !=
          std::string::npos);
    CHECK(as_json.find(R"("path":"/\"\\\u0001\ufffd",)") != std::string::npos);
    const auto as_text = text(record);
    CHECK(std::count(as_text.begin(), as_text.end(), '\n') == 1);
    CHECK(as_text.find(R"("GET /\x22\x5C\x01\xFF HTTP/1.1")") != std::string::npos);
    CHECK(as_text.find(R"("\x22 200 1 \x22-\x22 \x22-\x22\x0Aforged")") != std::string::npos);
}

TEST_CASE("no line is longer than the bound, whatever is in it", "[access_log]") {
    for (const std::string& filling : {std::string(70000, 'a'), std::string(70000, '\x01'),
                                       std::string(70000, '\xff'), std::string(70000, '"')}) {
        auto record = everything();
        const std::string with_query = filling + "?" + filling;
        for (auto* field :
             {&record.client, &record.peer, &record.method, &record.host, &record.path,
              &record.referer, &record.user_agent, &record.service, &record.endpoint,
              &record.trace_id, &record.amzn_root, &record.tls, &record.cipher, &record.sni,
              &record.vpc_endpoint, &record.proxy_id, &record.client_cert}) {
            *field = filling;
        }
        record.target = with_query;
        record.bytes_received = record.bytes_sent = record.snapshot = UINT64_MAX;
        record.wait = record.connect = record.first_byte = record.total = Duration::max();
        record.attempts = UINT32_MAX;
        CHECK(json(record).ends_with("...\"}\n"));
        CHECK(text(record).ends_with("...\"\n"));
    }
}
