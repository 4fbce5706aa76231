#include "proxy/http/head_writer.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/framing.hpp"

#include <array>
#include <charconv>

namespace fairlead::http {
namespace {

void add(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ", 2).append(value).append("\r\n", 2);
}

template <class Number>
void append_number(std::string& out, Number number, int base = 10) {
    std::array<char, 24> digits;
    const auto [end, ec] =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    out.append(digits.data(), end);
}

void add_framing(std::string& out, const Framing& framing) {
    if (framing.kind == Framing::Kind::length) {
        out.append("Content-Length: ");
        append_number(out, framing.length);
        out.append("\r\n", 2);
    } else if (framing.kind == Framing::Kind::chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    }
}

bool accepts_trailers(const RequestHead& head) {
    for (const auto& field : head.fields) {
        if (field.id == FieldId::te && has_token(field.value, "trailers")) return true;
    }
    return false;
}

/// Expectations other than 100-continue are the endpoint's to judge.
void add_expect(std::string& out, const RequestHead& head) {
    for (const auto& field : head.fields) {
        if (field.id != FieldId::expect) continue;
        if (!ascii::iequals(field.value, "100-continue") || head.expects_continue)
            add(out, "Expect", field.value);
        return;
    }
}

}  // namespace

void write_request_head(std::string& out, const RequestHead& head, const ClientFacts& client) {
    out.append(head.method_name).append(" ", 1).append(head.target).append(" HTTP/1.1\r\n");
    add(out, "Host", head.authority);
    const FieldFilter filter(head.fields);
    for (const auto& field : head.fields) {
        if (filter.passes_in_request(field, client)) add(out, field.name, field.value);
    }
    write_forwarding_fields(out, head, client);
    add_expect(out, head);
    add_framing(out, head.body);
    if (head.upgrades_to_websocket) {
        out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
    } else if (accepts_trailers(head)) {
        out.append("Connection: TE\r\nTE: trailers\r\n");
    }
    out.append("\r\n", 2);
}

void write_response_head(std::string& out, const ResponseHead& head, const Framing& framing,
                         ConnectionWord word) {
    out.append("HTTP/1.1 ");
    append_number(out, head.status);
    out.append(" ", 1).append(head.reason).append("\r\n", 2);
    const FieldFilter filter(head.fields);
    for (const auto& field : head.fields) {
        if (filter.passes_in_response(field)) add(out, field.name, field.value);
    }
    add_framing(out, framing);
    switch (word) {
        case ConnectionWord::none:
            break;
        case ConnectionWord::close:
            out.append("Connection: close\r\n");
            break;
        case ConnectionWord::keep_alive:
            out.append("Connection: keep-alive\r\n");
            break;
        case ConnectionWord::upgrade:
            out.append("Connection: Upgrade\r\nUpgrade: websocket\r\n");
            break;
    }
    out.append("\r\n", 2);
}

void write_chunk_size(std::string& out, std::size_t size) {
    append_number(out, size, 16);
    out.append("\r\n", 2);
}

void write_last_chunk(std::string& out, const std::vector<Field>* trailers) {
    out.append("0\r\n", 3);
    if (trailers != nullptr) {
        for (const auto& field : *trailers) {
            if (FieldFilter::passes_in_trailers(field)) add(out, field.name, field.value);
        }
    }
    out.append("\r\n", 2);
}

std::string_view standard_reason(int status) noexcept {
    switch (status) {
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 408:
            return "Request Timeout";
        case 413:
            return "Content Too Large";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Error";
    }
}

}  // namespace fairlead::http
