// Heads: read (grammar and framing guard) and written anew, as each request does both ways.
#include "proxy/http/framing.hpp"
#include "proxy/http/head_parser.hpp"
#include "proxy/http/head_writer.hpp"
#include "proxy/http/trace.hpp"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace fairlead;
using namespace fairlead::http;

constexpr std::string_view curl_request =
    "GET /a/b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n";

// Twenty fields, as a browser behind a balancer sends them.
constexpr std::string_view browser_request =
    "GET /search?q=reverse+proxy&page=2 HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Referer: https://www.example.org/search?q=reverse+proxy\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n"
    "X-Forwarded-For: 203.0.113.9\r\n"
    "X-Forwarded-Proto: https\r\n"
    "X-Forwarded-Port: 443\r\n\r\n";

constexpr std::string_view plain_response =
    "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Sat, 21 Nov 2026 06:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Length: 13\r\n"
    "Cache-Control: no-cache\r\nETag: \"5f3c-1a2b\"\r\n\r\n";

void read(std::string_view text, RequestHead& head) {
    HeadParser parser;
    if (parser.parse_request(text, HeadLimits(), head) != ParseStatus::complete ||
        check_request(head) != Reason::none)
        std::abort();
}

void read(std::string_view text, ResponseHead& head) {
    HeadParser parser;
    if (parser.parse_response(text, HeadLimits(), head) != ParseStatus::complete ||
        check_response(head, Method::get) != Reason::none)
        std::abort();
}

template <class Head>
void read_head(benchmark::State& state, std::string_view text) {
    Head head;
    for (auto _ : state) {
        read(text, head);
        benchmark::DoNotOptimize(head);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void read_request(benchmark::State& state, std::string_view text) {
    read_head<RequestHead>(state, text);
}

void read_response(benchmark::State& state, std::string_view text) {
    read_head<ResponseHead>(state, text);
}

void write_request(benchmark::State& state, std::string_view text) {
    RequestHead head;
    read(text, head);
    ClientFacts client;
    client.ip = "203.0.113.9";
    client.port = "8080";
    Random random(1);
    const model::TraceSettings trace_settings;
    TextBuffer out;
    for (auto _ : state) {
        out.clear();
        const Trace trace(head, trace_settings, random, 1);
        write_request_head(out, head, client, trace.changes());
        benchmark::DoNotOptimize(out.text().data());
    }
}

void write_response(benchmark::State& state, std::string_view text) {
    ResponseHead head;
    read(text, head);
    TextBuffer out;
    for (auto _ : state) {
        out.clear();
        write_response_head(out, head, head.body, ConnectionWord::none);
        benchmark::DoNotOptimize(out.text().data());
    }
}

BENCHMARK_CAPTURE(read_request, of_curl, curl_request);
BENCHMARK_CAPTURE(read_request, of_browser, browser_request);
BENCHMARK_CAPTURE(read_response, plain, plain_response);
BENCHMARK_CAPTURE(write_request, of_curl, curl_request);
BENCHMARK_CAPTURE(write_request, of_browser, browser_request);
BENCHMARK_CAPTURE(write_response, plain, plain_response);

}  // namespace
