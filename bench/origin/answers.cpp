#include "bench/origin/answers.hpp"

#include <optional>

namespace fairlead::bench {

const char* const paths_help =
    "  /           13 bytes: Hello, world! (every path not listed here answers so too)\n"
    "  /bytes/N    N bytes with Content-Length\n"
    "  /chunked/N  N bytes, chunked\n"
    "  /close/N    N bytes, ended by closing the connection\n"
    "  /delay/MS   as /, after MS milliseconds\n"
    "  /status/N   status N with its reason as the body\n"
    "  /echo       the request's body comes back while it arrives\n"
    "  /headers    the request's head comes back as text\n"
    "  /name       the name given with --name\n"
    "  /ws         101 to Upgrade: websocket, then every byte comes back (no WebSocket frames)\n"
    "  /early      413 before the body is read, then the connection is closed\n";

namespace {

/// The number after `prefix`, which ends the path.
std::optional<std::uint64_t> number_after(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    return parse_number(path.substr(prefix.size()));
}

Answer status_answer(unsigned status) {
    Answer answer;
    answer.status = status;
    answer.body = reason_phrase(status);
    return answer;
}

Answer generated_answer(Answer::Framing framing, std::uint64_t bytes) {
    Answer answer;
    answer.framing = framing;
    answer.generated = bytes;
    return answer;
}

Answer body_answer(std::string_view body, std::uint64_t delay = 0) {
    Answer answer;
    answer.body = body;
    answer.delay = std::chrono::milliseconds(delay);
    return answer;
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 413:
            return "Content Too Large";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Unnamed";
    }
}

Answer answer_for(const Request& request, const std::string& origin_name) {
    constexpr std::string_view hello = "Hello, world!";
    const auto path = request.path;
    if (path == "/") return body_answer(hello);
    if (path == "/name") return body_answer(origin_name);
    if (path == "/headers") return body_answer(request.head);
    if (path == "/echo") {
        Answer answer;
        answer.kind = Answer::Kind::echo;
        return answer;
    }
    if (path == "/ws") {
        auto answer = status_answer(426);
        if (request.wants_websocket) answer.kind = Answer::Kind::tunnel;
        return answer;
    }
    if (path == "/early") {
        auto answer = status_answer(413);
        answer.kind = Answer::Kind::early;
        return answer;
    }
    if (const auto n = number_after(path, "/bytes/"))
        return generated_answer(Answer::Framing::length, *n);
    if (const auto n = number_after(path, "/chunked/"))
        return generated_answer(Answer::Framing::chunked, *n);
    if (const auto n = number_after(path, "/close/"))
        return generated_answer(Answer::Framing::until_close, *n);
    if (const auto n = number_after(path, "/delay/")) return body_answer(hello, *n);
    if (const auto n = number_after(path, "/status/"); n && *n >= 200 && *n <= 599)
        return status_answer(static_cast<unsigned>(*n));
    return body_answer(hello);
}

}  // namespace fairlead::bench
