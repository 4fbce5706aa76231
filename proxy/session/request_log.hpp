// A request's line in the access log: what the client's side knows of it. The exchange adds what it
// knows itself.
//
// Threads: one worker. Called only where there is an access log.
#pragma once

#include "proxy/access_log/record.hpp"
#include "proxy/http/message_stream.hpp"

#include <string_view>

namespace fairlead::session {

/// When an exchange's last attempt reached what. Without an access log, only `began` is set.
struct Phases {
    TimePoint began;      // the request's head is complete
    TimePoint leased;     // the attempt begins
    TimePoint connected;  // there is a connection, or none could be opened
    TimePoint answered;   // the answer's head is here; zero: it never was

    void attempt_begins(TimePoint now) noexcept {
        leased = connected = now;
        answered = {};
    }
};

/// `client`: the address that is believed to be the client's. The views live as long as the stream
/// has the request.
access_log::Record record_of(const http::ServerStream& stream, std::string_view client) noexcept;

/// The same where no request could be read.
access_log::Record record_without_request(const http::ServerStream& stream) noexcept;

void set_phases(access_log::Record& record, const Phases& phases, TimePoint ended) noexcept;

}  // namespace fairlead::session
