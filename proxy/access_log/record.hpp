// What is known of one request at its end: the content of one line.
//
// Threads: one worker. All texts are views that have to live until the line is written; "" stands
// for what there is none of.
#pragma once

#include "proxy/base/clock.hpp"
#include "proxy/base/failure.hpp"

#include <cstdint>
#include <string_view>

namespace fairlead::access_log {

struct Record {
    TimePoint began;          // the end of the request's head
    std::string_view client;  // the address that is believed to be the client's
    std::string_view peer;    // the address that the connection came from, where it is another one

    std::string_view method;
    std::string_view host;    // lower case, without port
    std::string_view target;  // path and query, as sent
    std::string_view path;    // the target up to '?'
    std::string_view protocol;
    std::string_view referer;
    std::string_view user_agent;

    int status = 0;  // 0: the connection ended before an answer could be given
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;

    Duration wait = {};        // until an endpoint's connection was chosen or begun
    Duration connect = {};     // to open it; zero for one that was open
    Duration first_byte = {};  // from there to the head of the answer
    Duration total = {};       // from `began` to the end of the answer

    std::string_view service;
    std::string_view endpoint;  // of the last attempt
    unsigned attempts = 0;
    Reason reason = Reason::none;
    std::uint64_t snapshot = 0;  // version of the snapshot that the request was routed by

    std::string_view trace_id;
    std::string_view amzn_root;  // of X-Amzn-Trace-Id, where it is not the same id

    std::string_view tls;  // version
    std::string_view cipher;
    std::string_view sni;

    // Of a PROXY header
    std::string_view vpc_endpoint;
    std::string_view proxy_id;     // what the balancer calls the connection
    std::string_view client_cert;  // common name, where the balancer has verified it
};

}  // namespace fairlead::access_log
