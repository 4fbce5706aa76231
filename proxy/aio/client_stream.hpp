// A connection that we open to a server: TCP or a Unix socket, plain or TLS.
//
// Nothing here is bounded in time: close(), from an Alarm or from whoever has had enough, ends what
// is under way with an error, a name that is being looked up included.
//
// Threads: the io_context's. One coroutine may read and another write.
#pragma once

#include "proxy/aio/event.hpp"
#include "proxy/aio/types.hpp"
#include "proxy/model/address.hpp"
#include "proxy/net/tls_client.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::aio {

/// How a connection is encrypted; without a context: not at all.
struct ClientTls {
    std::shared_ptr<const net::TlsClientContext> context;
    std::string server_name;  // sent and verified; empty: the address's host
};

class ClientStream {
public:
    explicit ClientStream(const executor& on);
    ~ClientStream();
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;

    /// Closes first what was open. Tries every address that a name has, in the resolver's order.
    task<error_code> connect(model::Address address, ClientTls tls);

    /// All of `bytes`, which must outlive the operation.
    task<error_code> write(std::string_view bytes);

    struct Input {
        error_code error;  // eof: the other side has ended
        std::size_t size = 0;
    };
    /// At least one byte, unless there is an error.
    task<Input> read_some(char* data, std::size_t size);

    void close();

    /// Whether the other side has closed, or sent something, since the last read.
    bool is_readable_or_closed();

private:
    struct Lookup;
    using Endpoints = std::vector<stream_protocol::endpoint>;

    static task<> look_up(executor on, std::shared_ptr<Lookup> into, model::Address address);
    task<error_code> resolve(model::Address address, Endpoints& endpoints);
    task<error_code> connect_to(stream_protocol::endpoint endpoint);
    task<error_code> handshake();
    task<error_code> wait_for(net::TlsWants wants);

    executor on_;
    stream_socket socket_;
    std::optional<net::TlsSession> tls_;
    std::shared_ptr<Lookup> lookup_;  // under way
    bool is_closed_ = true;
};

}  // namespace fairlead::aio
