#include "proxy/http/head_writer.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/http/framing.hpp"
#include "proxy/http/head_text.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::http {
namespace {

void add_framing(HeadText& out, const Framing& framing) {
    if (framing.kind == Framing::Kind::length) {
        out.add("Content-Length: ").add_number(framing.length).add("\r\n");
    } else if (framing.kind == Framing::Kind::chunked) {
        out.add("Transfer-Encoding: chunked\r\n");
    }
}

bool accepts_trailers(const RequestHead& head) {
    if (!head.present.has(FieldId::te)) return false;
    return std::any_of(head.fields.begin(), head.fields.end(), [](const Field& field) {
        return field.id == FieldId::te && has_token(field.value, "trailers");
    });
}

/// Expectations other than 100-continue are the endpoint's to judge.
void add_expect(HeadText& out, const RequestHead& head) {
    if (!head.present.has(FieldId::expect)) return;
    if (head.expects_continue) out.add("Expect: 100-continue\r\n");
    for (const auto& field : head.fields) {
        if (field.id == FieldId::expect && !ascii::iequals(field.value, "100-continue"))
            out.add_field("Expect", field.value);
    }
}

/// As Redx writes it, for the browsers that have its cookies already.
void add_cookie(HeadText& out, const StickyCookie& cookie) {
    out.add("Set-Cookie: ").add(cookie.name).add("=").add(cookie.value);
    out.add("; Path=").add(cookie.path).add("; HttpOnly; SameSite=None; Secure\r\n");
}

std::string_view connection_line(ConnectionWord word) noexcept {
    switch (word) {
        case ConnectionWord::none:
            break;
        case ConnectionWord::close:
            return "Connection: close\r\n";
        case ConnectionWord::keep_alive:
            return "Connection: keep-alive\r\n";
        case ConnectionWord::upgrade:
            return "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    }
    return {};
}

}  // namespace

void write_request_head(TextBuffer& text, const RequestHead& head, const ClientFacts& client,
                        const HeadChanges& changes) {
    HeadText out(text);
    const bool keeps_target = changes.target_begin.empty() && changes.target_end.empty();
    out.add(head.method_name).add(" ");
    if (!changes.fixed_target.empty()) {
        out.add(changes.fixed_target);
    } else {
        out.add(keeps_target ? head.target : changes.target_begin).add(changes.target_end);
    }
    out.add(" HTTP/1.1\r\n");
    out.add_field("Host", changes.authority.empty() ? head.authority : changes.authority);
    const FieldFilter filter(head, client, changes);
    for (const auto& field : head.fields) {
        if (filter.passes(field)) out.add_field(field.name, field.value);
    }
    write_forwarding_fields(out, head, client);
    if (changes.redx != nullptr) write_redx_fields(out, head, client, *changes.redx);
    out.add(changes.added);
    if (changes.edits != nullptr) out.add(changes.edits->added());
    add_expect(out, head);
    add_framing(out, head.body);
    if (head.upgrades_to_websocket) {
        out.add(connection_line(ConnectionWord::upgrade));
    } else if (accepts_trailers(head)) {
        out.add("Connection: TE\r\nTE: trailers\r\n");
    }
    out.add("\r\n");
}

void write_response_head(TextBuffer& text, const ResponseHead& head, const Framing& framing,
                         ConnectionWord word, const model::FieldEdits* edits,
                         const StickyCookie* cookie) {
    HeadText out(text);
    out.add("HTTP/1.1 ").add_number(head.status).add(" ").add(head.reason).add("\r\n");
    const FieldFilter filter(head, edits);
    for (const auto& field : head.fields) {
        if (filter.passes(field)) out.add_field(field.name, field.value);
    }
    if (edits != nullptr) out.add(edits->added());
    if (cookie != nullptr) add_cookie(out, *cookie);
    add_framing(out, framing);
    out.add(connection_line(word)).add("\r\n");
}

void write_chunk_size(TextBuffer& out, std::size_t size) {
    constexpr std::size_t most_digits = 16;
    char* const digits = out.room(most_digits + 2).data();
    char* const end = std::to_chars(digits, digits + most_digits, size, 16).ptr;
    out.end_at(copy_text(end, "\r\n"));
}

void write_last_chunk(TextBuffer& out, const std::vector<Field>* trailers) {
    HeadText end(out);
    end.add("0\r\n");
    if (trailers != nullptr) {
        for (const auto& field : *trailers) {
            if (FieldFilter::passes_in_trailers(field)) end.add_field(field.name, field.value);
        }
    }
    end.add("\r\n");
}

std::string_view standard_reason(int status) noexcept {
    switch (status) {
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 408:
            return "Request Timeout";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 429:
            return "Too Many Requests";
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
