#include "control/config/front_presets.hpp"

namespace fairlead::control {
namespace {

using model::Front;

// A balancer that finds its idle connection closed just when it sends a request on it answers 502,
// so it has to be the one that closes. 70 min: longer than the idle timeout of an ALB or ELB can be
// set to (4000 s, 60 s by default).
constexpr model::Milliseconds above_alb_idle = 70min;
// An NLB forgets an idle flow after 350 s by default and then resets it; its connections are the
// clients' own, so no longer than that takes.
constexpr model::Milliseconds above_nlb_idle = 400s;

/// Where the nodes of an ALB or ELB have their addresses: RFC 1918, RFC 6598 (a VPC may use it),
/// RFC 4193.
std::vector<model::IpPrefix> private_ranges() {
    std::vector<model::IpPrefix> ranges;
    for (const auto* const text :
         {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}) {
        ranges.push_back(*model::parse_ip_prefix(text));
    }
    return ranges;
}

}  // namespace

void apply_front(model::ListenerSettings& listener, const GivenKeys& given) {
    if (listener.front == Front::none) return;
    const bool is_nlb = listener.front == Front::nlb;
    if (!given.keep_alive) listener.keep_alive = is_nlb ? above_nlb_idle : above_alb_idle;
    // An NLB writes no X-Forwarded-*: what comes through it in them is what clients wrote.
    if (!given.trusted_proxies && !is_nlb) listener.trusted_proxies = private_ranges();
    if (listener.front == Front::alb) {
        // It closes a connection as a whole: when its client has gone, or has waited too long.
        if (!given.half_close) listener.half_close = false;
        return;
    }
    // Switched on at the balancer, connection by connection: both kinds come for a while.
    if (!given.proxy_protocol) listener.proxy_protocol = model::ProxyProtocol::optional;
    if (!given.proxy_protocol_from) listener.proxy_protocol_from = private_ranges();
}

}  // namespace fairlead::control
