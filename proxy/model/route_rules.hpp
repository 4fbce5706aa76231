// What a route does with a request besides leading it to a service: who may come, how often, where
// it is redirected, how it is rewritten, among which services it is shared out.
//
// Threads: any (immutable once its route is loaded). A route without rules has a null pointer.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/model/field_edits.hpp"
#include "proxy/model/ip_prefix.hpp"
#include "proxy/model/setting_origins.hpp"
#include "proxy/model/shared_value.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::model {

/// Addresses that may come, and that may not. The longest prefix that holds an address decides, of
/// two equal ones the denial; an address in none is let in where nothing is allowed expressly.
class AccessList {
public:
    void allow(const IpPrefix& prefix) { add({prefix, true}); }
    void deny(const IpPrefix& prefix) { add({prefix, false}); }
    /// Whoever is not allowed is not let in, even where nobody is.
    void allow_only() noexcept { allows_expressly_ = true; }

    /// Whether everybody is let in.
    bool empty() const noexcept { return entries_.empty() && !allows_expressly_; }
    /// "deny 10.1.0.0/16, allow 10.0.0.0/8": in the order in which they are asked.
    std::string text() const;
    /// None: a client without an address. Cost: linear in the list.
    bool admits(const std::optional<IpBytes>& address) const noexcept;

    bool operator==(const AccessList&) const = default;

private:
    struct Entry {
        IpPrefix prefix;
        bool is_allowed = false;

        bool operator==(const Entry&) const = default;
    };

    void add(const Entry& entry);

    std::vector<Entry> entries_;  // longest prefix first; of equal ones denials first
    bool allows_expressly_ = false;
};

/// A token bucket for each client address or header value.
struct RateLimit {
    std::uint32_t requests = 0;  // 0: no limit
    std::chrono::milliseconds per = 1s;
    std::uint32_t burst = 0;  // how many may come at once; at least 1 where there is a limit
    std::string header;       // lower case; "": by client address

    bool operator==(const RateLimit&) const = default;
};

struct Redirect {
    int status = 308;
    std::string scheme;      // "": the request's own
    std::string host;        // with port if any; "": the request's own
    std::uint16_t port = 0;  // 0: the scheme's own where the scheme changes, else as it came
    std::string path;        // in place of the whole path; "": the request's own

    bool operator==(const Redirect&) const = default;
};

struct Rewrite {
    std::optional<std::string> prefix;  // in place of the route's path: "" or "/seg/seg"
    std::string host;                   // what the endpoint gets as Host; "": as it came

    bool operator==(const Rewrite&) const = default;
};

struct Share {
    std::string service;
    std::uint32_t weight = 1;

    bool operator==(const Share&) const = default;
};

/// Which of the shares a number drawn from all 64-bit numbers falls into, of those that
/// `usable(index)` admits; shares.size() where that is none or all of their weights are zero.
template <class Usable>
std::size_t draw_share(const std::vector<Share>& shares, std::uint64_t draw, Usable usable) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) total += usable(i) ? shares[i].weight : 0;
    // The upper half: the lower bits of a xorshift are the weaker ones.
    auto point = (draw >> 32U) * total >> 32U;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const std::uint64_t weight = usable(i) ? shares[i].weight : 0;
        if (point < weight) return i;
        point -= weight;
    }
    return shares.size();
}

struct Split {
    enum class By : std::uint8_t { request, client_ip, cookie };

    std::vector<Share> shares;  // by service; empty: no split
    By by = By::request;
    std::string cookie;

    bool operator==(const Split&) const = default;
};

/// What the split goes by: "request", "client_ip", "cookie:NAME".
std::string to_string(const Split& split);

struct RouteRules {
    AccessList access;
    RateLimit rate_limit;
    std::optional<Redirect> redirect;
    Rewrite rewrite;
    Split split;
    FieldEdits request_fields;
    FieldEdits response_fields;
    SharedValue<SettingOrigins> origins = {};  // of each rule that a source wrote

    bool empty() const { return *this == RouteRules(); }
    bool operator==(const RouteRules&) const = default;
};

}  // namespace fairlead::model
