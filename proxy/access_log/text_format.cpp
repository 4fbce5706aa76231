#include "proxy/access_log/text_format.hpp"

#include "proxy/access_log/escape.hpp"
#include "proxy/access_log/line.hpp"

namespace fairlead::access_log {
namespace {

/// Between the quotes that the caller writes.
void put_text(Line& line, std::string_view value, std::size_t room) {
    if (value.empty()) {
        line.put("-");
    } else {
        line.put_foreign(escape_text, value, room);
    }
}

/// The status has three digits in this format.
void put_status(Line& line, int status) {
    if (status == 0) {
        line.put("000");
    } else {
        line.put_number(static_cast<std::uint64_t>(status));
    }
}

void put_request_line(Line& line, const Record& record) {
    if (record.method.empty()) {
        line.put("-");
        return;
    }
    line.put_foreign(escape_text, record.method, budget::method);
    line.put(" ");
    line.put_foreign(escape_text, record.target, budget::target);
    line.put(" ");
    line.put_own(record.protocol);
}

void put_upstream(Line& line, const Record& record) {
    line.put(" service=\"");
    put_text(line, record.service, budget::name);
    line.put("\" endpoint=\"");
    put_text(line, record.endpoint, budget::name);
    line.put("\" attempts=");
    line.put_number(record.attempts);
    line.put(" reason=");
    line.put_own(to_string(record.reason));
    line.put(" snapshot=");
    line.put_number(record.snapshot);
}

void put_durations(Line& line, const Record& record) {
    line.put(" wait_us=");
    line.put_microseconds(record.wait);
    line.put(" connect_us=");
    line.put_microseconds(record.connect);
    line.put(" first_byte_us=");
    line.put_microseconds(record.first_byte);
    line.put(" total_us=");
    line.put_microseconds(record.total);
}

/// Few lines have any: not even a "-" for the others.
template <std::size_t size>
void put_proxied(Line& line, const char (&key)[size], std::string_view value) {
    if (value.empty()) return;
    line.put(key);
    put_text(line, value, budget::proxied);
    line.put("\"");
}

void put_ids(Line& line, const Record& record) {
    line.put(" trace_id=");
    put_text(line, record.trace_id, budget::word);
    line.put(" amzn_root=");
    put_text(line, record.amzn_root, budget::word);
    line.put(" tls=");
    put_text(line, record.tls, budget::word);
    line.put(" cipher=");
    put_text(line, record.cipher, budget::word);
    line.put(" sni=\"");
    put_text(line, record.sni, budget::name);
    line.put("\" peer=");
    put_text(line, record.peer, budget::word);
    put_proxied(line, " vpc_endpoint=\"", record.vpc_endpoint);
    put_proxied(line, " proxy_id=\"", record.proxy_id);
    put_proxied(line, " client_cert=\"", record.client_cert);
}

}  // namespace

char* write_text(char* out, const Record& record, std::string_view time) noexcept {
    Line line(out);
    put_text(line, record.client, budget::word);
    line.put(" - - [");
    line.put_own(time);
    line.put("] \"");
    put_request_line(line, record);
    line.put("\" ");
    put_status(line, record.status);
    line.put(" ");
    line.put_number(record.bytes_sent);
    line.put(" \"");
    put_text(line, record.referer, budget::header);
    line.put("\" \"");
    put_text(line, record.user_agent, budget::header);
    line.put("\" host=\"");
    put_text(line, record.host, budget::host);
    line.put("\" received=");
    line.put_number(record.bytes_received);
    put_durations(line, record);
    put_upstream(line, record);
    put_ids(line, record);
    line.put("\n");
    return line.end();
}

}  // namespace fairlead::access_log
