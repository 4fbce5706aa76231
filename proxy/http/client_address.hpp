// Who a request really came from: the client's address behind the proxies that we trust.
//
// Where the connection's other side is no trusted proxy it is the client. Else X-Forwarded-For is
// walked from its end, as each proxy appends what it saw: over addresses that are trusted
// themselves, to the first that is not. Everything before that one the client may have made up. An
// entry that is no address (unknown, an obfuscated name) ends the walk: the client is then the
// proxy that wrote it. `Forwarded` is not asked: a balancer that does not know it passes on
// whatever its client wrote there.
//
// Threads: one worker. Cost: nothing until asked, then once a request; no allocation.
#pragma once

#include "proxy/http/client_facts.hpp"
#include "proxy/http/message.hpp"
#include "proxy/model/ip_prefix.hpp"

#include <optional>
#include <string_view>

namespace fairlead::http {

class ClientAddress {
public:
    /// Both outlive this, and the head's fields stay where they are.
    ClientAddress(const RequestHead& head, const ClientFacts& client) noexcept
        : head_(head), client_(client) {}

    /// For comparisons and as a key. None: a client on a Unix socket of whom nothing is said.
    const std::optional<model::IpBytes>& ip() noexcept {
        find();
        if (!ip_) ip_ = model::read_ip(text_);
        return ip_;
    }
    /// The same for people, without port and brackets; "" where there is none. A view into the head
    /// or the connection's facts.
    std::string_view text() noexcept {
        find();
        return text_;
    }

private:
    void find() noexcept;

    const RequestHead& head_;
    const ClientFacts& client_;
    std::optional<model::IpBytes> ip_;  // of text_, once it was needed
    std::string_view text_;
    bool is_found_ = false;
};

/// The address of an X-Forwarded-For entry: `192.0.2.7`, `2001:db8::1`, and as an ALB that keeps
/// ports writes them, `192.0.2.7:4711` and `[2001:db8::1]:4711`. "" where it is none of these.
std::string_view forwarded_ip_text(std::string_view entry) noexcept;

}  // namespace fairlead::http
