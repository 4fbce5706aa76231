// The PROXY headers that a connection begins with, before TLS and before HTTP.
//
// They are looked at where the kernel has them and taken off only when whole, so that whatever
// follows finds its first byte: OpenSSL reads the socket itself. A balancer writes its header in
// front of any that its client wrote, so several may come; a header counts only where its writer,
// who is the client as the header before it has it, is named in proxy_protocol_from. Without that
// key the first one counts and no other.
//
// Threads: one worker. Cost: two system calls a header; nothing is kept while nothing comes.
#pragma once

#include "proxy/base/failure.hpp"
#include "proxy/http/client_facts.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/proxy_header.hpp"
#include "proxy/net/task.hpp"
#include "proxy/net/transport.hpp"
#include "proxy/session/listener_context.hpp"

#include <optional>
#include <string_view>

namespace fairlead::session {

class ProxyHeaders {
public:
    /// All outlive this. `client`: what is known by the connection alone; it learns the rest.
    /// `deadline` closes the transport.
    ProxyHeaders(net::Transport& transport, net::Deadline& deadline,
                 const ListenerContext& listener, http::ClientFacts& client);

    /// Until what the client itself sends begins. client_closed: it left without a word.
    net::task<result<>> read();

    /// After bad_proxy_header, for the log.
    std::string_view why() const noexcept { return why_; }

private:
    enum class Look : std::uint8_t { nothing, part, done, failed };

    /// Takes all headers that are here.
    Look look();
    Look fail(Reason reason, std::string_view why = {}) noexcept;
    bool is_believed() const noexcept;
    void learn(const net::ProxyHeader& header);

    net::Transport& transport_;
    net::Deadline& deadline_;
    const ListenerContext& listener_;
    http::ClientFacts& client_;
    const std::optional<model::IpBytes> peer_;
    std::optional<model::IpBytes> writer_;  // of the next header
    bool is_writer_known_ = true;
    unsigned headers_ = 0;
    Reason reason_ = Reason::none;
    std::string_view why_;
};

}  // namespace fairlead::session
