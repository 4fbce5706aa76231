#include "proxy/session/listener_context.hpp"

#include "proxy/model/ip_prefix.hpp"

#include <algorithm>

namespace fairlead::session {

http::HeadLimits head_limits(const model::Limits& limits) noexcept {
    return {limits.request_head, limits.headers, limits.request_line, limits.header};
}

http::ClientFacts ListenerContext::client_at(const std::optional<model::IpBytes>& ip) const {
    http::ClientFacts facts;
    facts.scheme = tls ? "https" : "http";
    facts.port = port;
    facts.trusted_proxies = &settings.trusted_proxies;
    facts.underscores_pass = settings.underscores == model::Underscores::pass;
    if (!ip) {
        facts.is_trusted = settings.trusts_local_clients;
        return facts;
    }
    facts.ip = model::ip_text(*ip);
    facts.is_trusted = std::any_of(settings.trusted_proxies.begin(), settings.trusted_proxies.end(),
                                   [&](const auto& prefix) { return prefix.contains(*ip); });
    return facts;
}

}  // namespace fairlead::session
