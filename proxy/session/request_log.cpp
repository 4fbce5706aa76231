#include "proxy/session/request_log.hpp"

namespace fairlead::session {
namespace {

std::string_view value_of(const http::RequestHead& head, http::FieldId id) noexcept {
    if (!head.present.has(id)) return {};
    for (const auto& field : head.fields) {
        if (field.id == id) return field.value;
    }
    return {};
}

/// What a balancer in front told of the connection that it has with the client.
void add_proxy_facts(access_log::Record& record, const http::ProxyFacts& facts) noexcept {
    if (facts.peer != record.client) record.peer = facts.peer;
    if (record.tls.empty()) {
        record.tls = facts.tls_version;
        record.cipher = facts.tls_cipher;
        record.sni = facts.authority;
    }
    record.vpc_endpoint = facts.vpc_endpoint;
    record.proxy_id = facts.unique_id;
    record.client_cert = facts.tls_common_name;
}

}  // namespace

access_log::Record record_without_request(const http::ServerStream& stream) noexcept {
    access_log::Record record;
    record.client = stream.client().ip;
    const auto traffic = stream.traffic();
    record.bytes_received = traffic.received;
    record.bytes_sent = traffic.sent;
    const auto tls = stream.tls_facts();
    record.tls = tls.version;
    record.cipher = tls.cipher;
    record.sni = tls.server_name;
    if (stream.client().proxy) add_proxy_facts(record, *stream.client().proxy);
    return record;
}

access_log::Record record_of(const http::ServerStream& stream, std::string_view client) noexcept {
    auto record = record_without_request(stream);
    if (record.client != client) {
        if (record.peer.empty()) record.peer = record.client;
        record.client = client;
    }
    const auto& head = stream.request();
    record.method = head.method_name;
    record.host = head.host;
    record.target = head.target;
    record.path = head.path;
    record.protocol = head.version == http::Version::http11 ? "HTTP/1.1" : "HTTP/1.0";
    record.referer = value_of(head, http::FieldId::referer);
    record.user_agent = value_of(head, http::FieldId::user_agent);
    return record;
}

void set_phases(access_log::Record& record, const Phases& phases, TimePoint ended) noexcept {
    record.began = phases.began;
    record.total = ended - phases.began;
    if (phases.leased == TimePoint()) return;
    record.wait = phases.leased - phases.began;
    record.connect = phases.connected - phases.leased;
    if (phases.answered != TimePoint()) record.first_byte = phases.answered - phases.connected;
}

}  // namespace fairlead::session
