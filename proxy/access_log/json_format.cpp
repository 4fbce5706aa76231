#include "proxy/access_log/json_format.hpp"

#include "proxy/access_log/escape.hpp"
#include "proxy/access_log/line.hpp"

namespace fairlead::access_log {
namespace {

/// ,"key":"value" where there is a value.
template <std::size_t size>
void put_text(Line& line, const char (&key)[size], std::string_view value, std::size_t room) {
    if (value.empty()) return;
    line.put(key);
    line.put_foreign(escape_json, value, room);
    line.put("\"");
}

void put_request(Line& line, const Record& record) {
    put_text(line, ",\"method\":\"", record.method, budget::method);
    put_text(line, ",\"host\":\"", record.host, budget::host);
    put_text(line, ",\"path\":\"", record.path, budget::path);
    if (record.target.size() > record.path.size()) {
        const auto query = record.target.substr(record.path.size() + 1);  // behind the '?'
        put_text(line, ",\"query\":\"", query, budget::query);
    }
    if (!record.protocol.empty()) {
        line.put(",\"protocol\":\"");
        line.put_own(record.protocol);
        line.put("\"");
    }
}

void put_durations(Line& line, const Record& record) {
    line.put(",\"wait_us\":");
    line.put_microseconds(record.wait);
    line.put(",\"connect_us\":");
    line.put_microseconds(record.connect);
    line.put(",\"first_byte_us\":");
    line.put_microseconds(record.first_byte);
    line.put(",\"total_us\":");
    line.put_microseconds(record.total);
}

void put_upstream(Line& line, const Record& record) {
    put_text(line, ",\"service\":\"", record.service, budget::name);
    put_text(line, ",\"endpoint\":\"", record.endpoint, budget::name);
    line.put(",\"attempts\":");
    line.put_number(record.attempts);
    if (record.reason != Reason::none) {
        line.put(",\"reason\":\"");
        line.put_own(to_string(record.reason));
        line.put("\"");
    }
    line.put(",\"snapshot\":");
    line.put_number(record.snapshot);
}

}  // namespace

char* write_json(char* out, const Record& record, std::string_view time) noexcept {
    Line line(out);
    line.put("{\"time\":\"");
    line.put_own(time);
    line.put("\"");
    put_text(line, ",\"client\":\"", record.client, budget::word);
    put_text(line, ",\"peer\":\"", record.peer, budget::word);
    put_request(line, record);
    line.put(",\"status\":");
    line.put_number(static_cast<std::uint64_t>(record.status));
    line.put(",\"bytes_received\":");
    line.put_number(record.bytes_received);
    line.put(",\"bytes_sent\":");
    line.put_number(record.bytes_sent);
    put_durations(line, record);
    put_upstream(line, record);
    put_text(line, ",\"trace_id\":\"", record.trace_id, budget::word);
    put_text(line, ",\"amzn_root\":\"", record.amzn_root, budget::word);
    put_text(line, ",\"tls\":\"", record.tls, budget::word);
    put_text(line, ",\"cipher\":\"", record.cipher, budget::word);
    put_text(line, ",\"sni\":\"", record.sni, budget::name);
    put_text(line, ",\"vpc_endpoint\":\"", record.vpc_endpoint, budget::proxied);
    put_text(line, ",\"proxy_id\":\"", record.proxy_id, budget::proxied);
    put_text(line, ",\"client_cert\":\"", record.client_cert, budget::proxied);
    put_text(line, ",\"referer\":\"", record.referer, budget::header);
    put_text(line, ",\"user_agent\":\"", record.user_agent, budget::header);
    line.put("}\n");
    return line.end();
}

}  // namespace fairlead::access_log
