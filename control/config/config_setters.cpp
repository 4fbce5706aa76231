#include "control/config/config_setters.hpp"

#include "proxy/balance/registry.hpp"
#include "proxy/model/address.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::control {
namespace {

constexpr unsigned most_workers = 1024;

template <class Field, class T>
Checked<> put(Field& field, Checked<T> value) {
    if (!value) return value.error();
    field = std::move(*value);
    return {};
}

Checked<> put_text(std::string& field, const Value& value) {
    if (value.text.empty()) return problem("it is empty");
    field = value.text;
    return {};
}

Checked<> put_duration(model::Milliseconds& field, const Value& value) {
    field = value.duration();
    return {};
}

model::Origin origin_of(const Draft& draft) {
    return {model::SourceKind::file, draft.place};
}

}  // namespace

namespace begin {

Checked<> listener(Draft& draft, std::string_view) {
    draft.process.listeners.emplace_back();
    // Not an address anyone can name: what is not bound yet equals no other listener.
    draft.listener().bind = model::Address{};
    draft.given_keys = GivenKeys();
    return {};
}

Checked<> tls(Draft& draft, std::string_view) {
    draft.listener().tls.emplace();
    return {};
}

Checked<> certificate(Draft& draft, std::string_view) {
    draft.listener().tls->certificates.emplace_back();
    return {};
}

Checked<> service(Draft& draft, std::string_view name) {
    const bool is_taken = name == model::fallback_name &&
                          std::any_of(draft.desired.services.begin(), draft.desired.services.end(),
                                      [](const auto& other) { return other.is_fallback; });
    auto& service = draft.desired.services.emplace_back();
    service.name = name;
    service.settings.emplace();
    service.origin = origin_of(draft);
    draft.setting_places.clear();
    const auto checked = model::parse_service_name(name);
    if (!checked) return checked.error();
    if (is_taken) return problem("the key `fallback` defines it; allowed: another name");
    return {};
}

Checked<> endpoint(Draft& draft, std::string_view) {
    draft.service().endpoints.emplace_back().origin = origin_of(draft);
    return {};
}

Checked<> docker(Draft& draft, std::string_view) {
    draft.process.docker.emplace();
    return {};
}

}  // namespace begin

namespace end {

Checked<> listener(Draft& draft) {
    apply_front(draft.listener(), draft.given_keys);
    return {};
}

Checked<> trusted_proxies(Draft& draft) {
    draft.given_keys.trusted_proxies = true;  // also where it names nobody
    return {};
}

Checked<> proxy_protocol_from(Draft& draft) {
    draft.given_keys.proxy_protocol_from = true;
    auto& from = draft.listener().proxy_protocol_from;
    if (!from) from.emplace();
    return {};
}

Checked<> listeners(Draft& draft) {
    if (draft.process.listeners.empty())
        return problem("no listener is named; allowed: one or more");
    return {};
}

Checked<> certificates(Draft& draft) {
    const auto count = draft.listener().tls->certificates.size();
    if (count == 1) return {};
    return problem("{} certificates are named; allowed in this version: exactly one", count);
}

Checked<> endpoint(Draft& draft) {
    auto& endpoints = draft.service().endpoints;
    auto& last = endpoints.back();
    last.identity = model::to_string(last.address);
    const auto twin = std::find_if(endpoints.begin(), endpoints.end() - 1, [&](const auto& other) {
        return other.address == last.address;
    });
    if (twin == endpoints.end() - 1 || last.address == model::Address{}) return {};
    return problem("{} is named twice, first at {}", last.identity, twin->origin.place);
}

}  // namespace end

namespace set {

Checked<> workers(Draft& draft, const Value& value) {
    draft.process.workers = 0;
    if (value.text == "auto") return {};
    unsigned number = 0;
    const auto* const last = value.text.data() + value.text.size();
    const auto [at, ec] = std::from_chars(value.text.data(), last, number);
    if (ec != std::errc{} || at != last || number == 0 || number > most_workers) {
        return problem("'{}' is not a number of workers; allowed: auto, or 1 to {}", value.text,
                       most_workers);
    }
    draft.process.workers = number;
    return {};
}

Checked<> listener_bind(Draft& draft, const Value& value) {
    auto address = model::parse_address(value.text);
    if (!address) return address.error();
    const auto& listeners = draft.process.listeners;
    const bool is_any_port = address->kind == model::Address::Kind::tcp && address->port == 0;
    const bool is_taken =
        !is_any_port && std::any_of(listeners.begin(), listeners.end(),
                                    [&](const auto& other) { return other.bind == *address; });
    if (is_taken) return problem("another listener is bound to {}", value.text);
    draft.listener().bind = std::move(*address);
    return {};
}

Checked<> mode(Draft& draft, const Value& value) {
    unsigned mode = 0;
    const auto* const last = value.text.data() + value.text.size();
    const auto [at, ec] = std::from_chars(value.text.data(), last, mode, 8);
    if (ec != std::errc{} || at != last || mode > 0777)
        return problem("'{}' is not a file mode; allowed: octal digits as 0660", value.text);
    draft.listener().mode = mode;
    return {};
}

Checked<> proxy_protocol(Draft& draft, const Value& value) {
    draft.given_keys.proxy_protocol = true;
    draft.listener().proxy_protocol = static_cast<model::ProxyProtocol>(value.number);
    return {};
}

Checked<> proxy_protocol_peer(Draft& draft, const Value& value) {
    const auto prefix = model::parse_ip_prefix(value.text);
    if (!prefix)
        return problem("{}; allowed: an address or a range as 10.0.0.0/8", prefix.error().text());
    auto& from = draft.listener().proxy_protocol_from;
    if (!from) from.emplace();
    from->push_back(*prefix);
    return {};
}

Checked<> underscores(Draft& draft, const Value& value) {
    draft.listener().underscores = static_cast<model::Underscores>(value.number);
    return {};
}

Checked<> min_rate_head(Draft& draft, const Value& value) {
    draft.listener().min_rates.head = value.number;
    return {};
}
Checked<> min_rate_body(Draft& draft, const Value& value) {
    draft.listener().min_rates.body = value.number;
    return {};
}
Checked<> min_rate_response(Draft& draft, const Value& value) {
    draft.listener().min_rates.response = value.number;
    return {};
}
Checked<> min_rate_grace(Draft& draft, const Value& value) {
    return put_duration(draft.listener().min_rates.grace, value);
}

Checked<> front(Draft& draft, const Value& value) {
    draft.listener().front = static_cast<model::Front>(value.number);
    return {};
}

Checked<> trusted_proxy(Draft& draft, const Value& value) {
    if (value.text == "unix") {
        draft.listener().trusts_local_clients = true;
        return {};
    }
    const auto prefix = model::parse_ip_prefix(value.text);
    if (!prefix) {
        return problem("{}; allowed: an address, a range as 10.0.0.0/8, or unix",
                       prefix.error().text());
    }
    draft.listener().trusted_proxies.push_back(*prefix);
    return {};
}

Checked<> keep_alive(Draft& draft, const Value& value) {
    draft.given_keys.keep_alive = true;
    return put_duration(draft.listener().keep_alive, value);
}
Checked<> head_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.listener().head_timeout, value);
}
Checked<> body_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.listener().body_timeout, value);
}

Checked<> half_close(Draft& draft, const Value& value) {
    draft.given_keys.half_close = true;
    draft.listener().half_close = value.text == "true";
    return {};
}

Checked<> certificate_cert(Draft& draft, const Value& value) {
    return put_text(draft.listener().tls->certificates.back().cert, value);
}

Checked<> certificate_key(Draft& draft, const Value& value) {
    return put_text(draft.listener().tls->certificates.back().key, value);
}

Checked<> tls_min_version(Draft& draft, const Value& value) {
    using Version = model::TlsSettings::Version;
    draft.listener().tls->min_version = value.number == 0 ? Version::tls12 : Version::tls13;
    return {};
}

Checked<> policy(Draft& draft, const Value& value) {
    const auto known = balance::check_policy_name(value.text);
    if (!known) return known.error();
    return put_text(draft.service_settings().policy, value);
}

Checked<> endpoint_address(Draft& draft, const Value& value) {
    auto address = model::parse_address(value.text);
    if (address && address->kind == model::Address::Kind::tcp && address->port == 0) {
        return problem("'{}' has port 0; allowed: 1 to 65535", value.text);
    }
    return put(draft.endpoint().address, std::move(address));
}

Checked<> endpoint_weight(Draft& draft, const Value& value) {
    draft.endpoint().weight = value.count();
    return {};
}

Checked<> ejection(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().ejection, value);
}

Checked<> attempts(Draft& draft, const Value& value) {
    draft.service_settings().attempts = value.count();
    return {};
}

Checked<> connect_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().timeouts.connect, value);
}
Checked<> first_byte_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().timeouts.first_byte, value);
}
Checked<> idle_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().timeouts.idle, value);
}
Checked<> total_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().timeouts.total, value);
}
Checked<> drain(Draft& draft, const Value& value) {
    return put_duration(draft.service_settings().drain, value);
}

Checked<> api_bind(Draft& draft, const Value& value) {
    return put(draft.process.api.bind, model::parse_address(value.text));
}
Checked<> max_path_length(Draft& draft, const Value& value) {
    draft.process.api.max_path_length = value.count();
    return {};
}
Checked<> api_token(Draft& draft, const Value& value) {
    const bool is_visible = std::all_of(value.text.begin(), value.text.end(),
                                        [](char c) { return c > ' ' && c <= '~'; });
    if (!is_visible || value.text.size() < 8 || value.text.size() > 1024) {
        // The text is a secret: it is not repeated.
        return problem(
            "the token cannot be used; allowed: 8 to 1024 visible characters, no spaces");
    }
    return put_text(draft.process.api.token, value);
}
Checked<> api_max_body(Draft& draft, const Value& value) {
    draft.process.api.max_body = value.number;
    return {};
}
Checked<> api_default_score(Draft& draft, const Value& value) {
    draft.process.api.default_score = fmt::format("{}", value.number);
    return {};
}
Checked<> health_bind(Draft& draft, const Value& value) {
    return put(draft.process.health, model::parse_address(value.text));
}
Checked<> admin_bind(Draft& draft, const Value& value) {
    return put(draft.process.admin, model::parse_address(value.text));
}
Checked<> admin_journal(Draft& draft, const Value& value) {
    draft.process.journal = value.count();
    return {};
}

Checked<> store_embedded(Draft& draft, const Value& value) {
    return put_text(draft.process.store.embedded, value);
}

Checked<> docker_socket(Draft& draft, const Value& value) {
    const auto address = model::parse_address("unix:" + value.text);
    if (!address)
        return problem("'{}' is not a socket's path; allowed: /path, at most 107 bytes",
                       value.text);
    return put_text(draft.process.docker->socket, value);
}
Checked<> docker_address(Draft& draft, const Value& value) {
    using Addressing = model::DockerSettings::Addressing;
    draft.process.docker->address =
        value.number == 0 ? Addressing::published : Addressing::container;
    return {};
}
Checked<> docker_resync(Draft& draft, const Value& value) {
    return put_duration(draft.process.docker->resync, value);
}

Checked<> access_log_path(Draft& draft, const Value& value) {
    auto& path = draft.process.access_log.path;
    path.clear();
    if (value.text == "off") return {};
    if (value.text != "-" && !value.text.starts_with('/'))
        return problem("'{}' is not where a log can go; allowed: off, - or /path", value.text);
    path = value.text;
    return {};
}
Checked<> access_log_format(Draft& draft, const Value& value) {
    using Format = model::AccessLogSettings::Format;
    draft.process.access_log.format = value.number == 0 ? Format::json : Format::text;
    return {};
}
Checked<> trace_create(Draft& draft, const Value& value) {
    draft.process.trace.create_amzn = value.text == "both" || value.text == "amzn";
    draft.process.trace.create_w3c = value.text == "both" || value.text == "w3c";
    return {};
}
Checked<> trace_sampled(Draft& draft, const Value& value) {
    draft.process.trace.sampled = value.text == "true";
    return {};
}

Checked<> request_head(Draft& draft, const Value& value) {
    draft.process.limits.request_head = value.number;
    return {};
}
Checked<> request_line(Draft& draft, const Value& value) {
    draft.process.limits.request_line = value.number;
    return {};
}
Checked<> header(Draft& draft, const Value& value) {
    draft.process.limits.header = value.number;
    return {};
}
Checked<> headers(Draft& draft, const Value& value) {
    draft.process.limits.headers = value.count();
    return {};
}
Checked<> connections(Draft& draft, const Value& value) {
    draft.process.limits.connections = value.count();
    return {};
}
Checked<> request_body(Draft& draft, const Value& value) {
    draft.process.limits.request_body = value.number;
    return {};
}

Checked<> shutdown_grace(Draft& draft, const Value& value) {
    return put_duration(draft.process.shutdown.grace, value);
}
Checked<> shutdown_timeout(Draft& draft, const Value& value) {
    return put_duration(draft.process.shutdown.timeout, value);
}

}  // namespace set
}  // namespace fairlead::control
