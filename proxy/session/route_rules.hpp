// A route's rules, applied to one request: who may come and how often, redirects, what is rewritten
// for the endpoint, which service of a split gets it. Only for routes that have rules.
//
// Order: allow and deny, rate limit, redirect, split. Nothing is built as a string but the Location
// of a redirect: a rewritten target is two views, edits of headers were prepared when the route was
// loaded.
//
// Threads: one worker.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/base/random.hpp"
#include "proxy/http/client_address.hpp"
#include "proxy/http/message.hpp"
#include "proxy/http/reply.hpp"
#include "proxy/model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace fairlead::session {

/// Why the rules let a request go no further, and what its answer needs.
struct RouteRefusal {
    Reason reason = Reason::none;
    std::chrono::seconds retry_after{0};          // rate_limited
    const model::RouteRules* redirect = nullptr;  // redirected
    const model::RouteSpec* route = nullptr;      // redirected
    std::string_view scheme;                      // redirected: the request's own
};

class RouteRules {
public:
    /// `match` has a route with rules. All outlive this.
    RouteRules(const model::Snapshot& snapshot, const model::Match& match,
               const http::RequestHead& request, const http::ClientFacts& client) noexcept;

    RouteRefusal refuse(http::ClientAddress& address, TimePoint now) const;

    // What refuse() is made of, for those who only want to know.
    bool admits(http::ClientAddress& address) const noexcept;
    /// Until the rate limit, which there is, lets the next one in; takes nothing from it.
    std::chrono::microseconds rate_wait(http::ClientAddress& address, TimePoint now) const;
    /// Whether the request has what the rate limit counts by besides the client's address.
    bool has_rate_key() const noexcept;
    RouteRefusal redirect() const;
    /// Whether the split leads this client always to the same service.
    bool has_split_key(http::ClientAddress& address) const noexcept;

    /// Adds what the endpoint gets in place of what the client sent.
    void rewrite(http::HeadChanges& changes) const noexcept;
    /// Null: no split, or a share whose service no source defines.
    const model::Service* share(http::ClientAddress& address, Random& random) const noexcept;
    /// Null: none.
    const model::FieldEdits* response_edits() const noexcept;

private:
    struct RateKey {
        std::uint64_t scope;
        std::string_view key;
        model::RateTable::Shape shape;
    };
    RateKey rate_key(http::ClientAddress& address) const;
    std::string_view split_key(http::ClientAddress& address) const noexcept;
    bool leads_elsewhere(std::string_view scheme) const noexcept;

    const model::Snapshot& snapshot_;
    const model::RouteTable::Entry& entry_;
    const model::RouteRules& rules_;
    const http::RequestHead& request_;
    const http::ClientFacts& client_;
};

/// Adds Location or Retry-After to our answer, and the redirect's status.
void complete_reply(http::Reply& reply, const RouteRefusal& refusal,
                    const http::RequestHead& request);

/// Whether one of its endpoints does. Null: none.
bool takes_requests(const model::Service* service) noexcept;

/// What of a target follows the route's path in it, as many segments as that has; with exactly one
/// slash where a segment follows. "/x?y" of "//api//x?y" for "/api".
std::string_view behind_prefix(std::string_view target, std::string_view route_path) noexcept;

}  // namespace fairlead::session
