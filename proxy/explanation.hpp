// What would become of a request, and why: the routes that were considered in the order in which
// they are asked, what the rules make of it, and the endpoints that could be picked.
//
// It is worked out by what serves requests: the head is parsed as a listener does, the routes are
// those that the route table walks through, rules are the session's, an endpoint can be chosen when
// a policy may pick it. Nothing is counted, taken or changed by it.
//
// Threads: control. Cost: some microseconds, and a pass over all routes for those that were not
// even considered.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/base/failure.hpp"
#include "proxy/model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {

/// A request that somebody asks about.
struct Question {
    std::string method = "GET";
    std::string scheme = "http";  // or "https": what the client speaks with us
    std::string authority;        // "www.example.org:8080"
    std::string target = "/";     // "/path?query"
    // A Host among them is sent in place of `authority`.
    std::vector<std::pair<std::string, std::string>> fields;
    std::string client;  // its address; "": it could be anybody
};

struct RouteVerdict {
    enum class Why : std::uint8_t {
        chosen,
        condition,   // one of its conditions does not hold
        wider_host,  // it holds, but a more specific host's route does too
        shorter_path,
        asked_later,  // it holds, but the chosen one of the same place is asked before
        other_path    // of a host that matches; its path does not
    };

    const model::RouteTable::Entry* entry = nullptr;
    Why why = Why::chosen;
    std::string condition;  // the one that does not hold
};

/// An endpoint, and whether the policy may pick it for a request that comes now.
struct Candidate {
    const model::Endpoint* endpoint = nullptr;
    bool can_be_picked = false;
};

/// A service that may get the request.
struct Destination {
    std::string name;
    const model::Service* service = nullptr;  // null: no source defines it
    std::uint32_t weight = 1;                 // its share, of a split
    bool can_be_drawn = true;
    std::vector<Candidate> candidates;
};

struct Explanation {
    model::SnapshotPtr snapshot;  // all pointers lead into it
    // Why Fairlead itself would answer; none: an endpoint gets the request.
    Reason answer = Reason::none;
    bool falls_back = false;  // the fallback answers instead: the last of the destinations
    std::string host;         // as it is looked up; "" where the request has none
    std::string path;
    std::vector<RouteVerdict> routes;  // in the order in which they are asked
    std::size_t more_routes = 0;       // of other paths, that are not listed
    const model::RouteTable::Entry* chosen = nullptr;

    // What its rules make of it.
    std::optional<bool> is_admitted;  // by allow and deny; none: there are none, or no client given
    // Until the rate limit lets the next one in; none: there is none, or no client given.
    std::optional<std::chrono::microseconds> rate_wait;
    int redirect_status = 0;  // 0: not redirected
    std::string location;     // of the redirect
    std::string sent_target;  // what the endpoint gets
    std::string sent_host;    // what the endpoint gets as Host
    bool is_drawn = false;    // of several destinations one is drawn anew for every request
    std::vector<Destination> destinations;
};

/// `limits`: what a request's head may have.
Explanation explain(model::SnapshotPtr snapshot, const Question& question, TimePoint now,
                    const model::Limits& limits = {});

/// Only the routes: `host` and `path` as RouteTable::find takes them. The chosen one, if any, has
/// that verdict.
std::vector<RouteVerdict> explain_routes(const model::RouteTable& table, std::string_view host,
                                         std::string_view path, const model::RequestFacts& request);

/// Which of its endpoints a policy may pick now.
std::vector<Candidate> candidates_of(const model::Service& service, TimePoint now);

}  // namespace fairlead
