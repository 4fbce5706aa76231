#include "proxy/aio/client_stream.hpp"

#include "proxy/aio/socket.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/net/socket.hpp"

#include <utility>

namespace fairlead::aio {
namespace {

using Resolver = token::as_default_on_t<asio::ip::basic_resolver<asio::ip::tcp, executor>>;

}  // namespace

// Outlives the stream where need be: getaddrinfo cannot be stopped, only be waited for no longer.
struct ClientStream::Lookup {
    explicit Lookup(const executor& on) : done(on) {}

    Event done;
    error_code error;
    Endpoints found;
};

ClientStream::ClientStream(const executor& on) : on_(on), socket_(on) {}

ClientStream::~ClientStream() {
    close();
}

void ClientStream::close() {
    is_closed_ = true;
    if (tls_) tls_->shut_down();
    tls_.reset();
    error_code ignored;  // closing is all there is to do with it
    socket_.close(ignored);
    if (lookup_) lookup_->done.set();
    lookup_.reset();
}

bool ClientStream::is_readable_or_closed() {
    if (tls_ && tls_->has_buffered_input()) return true;
    return net::is_readable_or_closed(socket_.native_handle());
}

task<> ClientStream::look_up(executor on, std::shared_ptr<Lookup> into, model::Address address) {
    Resolver names(on);
    const auto port = std::to_string(address.port);
    auto [ec, found] = co_await names.async_resolve(address.host, port);
    into->error = ec;
    for (const auto& entry : found) into->found.emplace_back(entry.endpoint());
    into->done.set();
}

task<error_code> ClientStream::resolve(model::Address address, Endpoints& endpoints) {
    if (const auto numeric = endpoint_of(address)) {
        endpoints.push_back(*numeric);
        co_return error_code();
    }
    const auto lookup = std::make_shared<Lookup>(on_);
    lookup_ = lookup;
    auto work = look_up(on_, lookup, std::move(address));
    spawn(on_, "resolve", std::move(work));
    co_await lookup->done.wait();
    if (is_closed_) co_return asio::error::operation_aborted;
    lookup_.reset();
    endpoints = std::move(lookup->found);
    co_return lookup->error;
}

task<error_code> ClientStream::connect_to(stream_protocol::endpoint endpoint) {
    error_code ignored;
    socket_.close(ignored);
    auto [ec] = co_await socket_.async_connect(endpoint);
    if (is_closed_) co_return asio::error::operation_aborted;
    if (ec) co_return ec;
    const auto address = socket_address_of(endpoint);
    if (net::is_connected_to_itself(socket_.native_handle(), address))
        co_return asio::error::connection_refused;
    net::tune(socket_.native_handle(), address);
    co_return error_code();
}

task<error_code> ClientStream::connect(model::Address address, ClientTls tls) {
    close();
    is_closed_ = false;
    Endpoints endpoints;
    error_code last = co_await resolve(address, endpoints);
    if (last) co_return last;
    last = asio::error::host_not_found;
    for (const auto& endpoint : endpoints) {
        last = co_await connect_to(endpoint);
        if (!last || is_closed_) break;
    }
    if (last || !tls.context) co_return last;
    socket_.native_non_blocking(true, last);
    if (last) co_return last;
    const auto& name = tls.server_name.empty() ? address.host : tls.server_name;
    tls_.emplace(tls.context, name, net::TlsTicket{}, socket_.native_handle());
    last = co_await handshake();
    co_return last;
}

task<error_code> ClientStream::wait_for(net::TlsWants wants) {
    const auto what =
        wants == net::TlsWants::write ? stream_socket::wait_write : stream_socket::wait_read;
    auto [ec] = co_await socket_.async_wait(what);
    if (is_closed_) co_return asio::error::operation_aborted;
    co_return ec;
}

task<error_code> ClientStream::handshake() {
    for (;;) {
        const auto wants = tls_->handshake();
        if (wants == net::TlsWants::nothing) co_return error_code();
        if (wants == net::TlsWants::failed) co_return tls_->error();
        const auto ec = co_await wait_for(wants);
        if (ec) co_return ec;
    }
}

task<error_code> ClientStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (is_closed_) co_return asio::error::operation_aborted;
        std::size_t sent = 0;
        error_code ec;
        if (!tls_) {
            const auto buffer = asio::buffer(bytes.data(), bytes.size());
            std::tie(ec, sent) = co_await socket_.async_write_some(buffer);
        } else {
            const auto wants = tls_->write(bytes.data(), bytes.size(), sent);
            if (wants == net::TlsWants::failed) co_return tls_->error();
            if (wants != net::TlsWants::nothing) ec = co_await wait_for(wants);
        }
        if (ec) co_return ec;
        bytes.remove_prefix(sent);
    }
    co_return error_code();
}

task<ClientStream::Input> ClientStream::read_some(char* data, std::size_t size) {
    Input input;
    while (!input.error && input.size == 0) {
        if (is_closed_) {
            input.error = asio::error::operation_aborted;
        } else if (!tls_) {
            const auto buffer = asio::buffer(data, size);
            std::tie(input.error, input.size) = co_await socket_.async_read_some(buffer);
        } else {
            const auto wants = tls_->read(data, size, input.size);
            if (wants == net::TlsWants::failed) input.error = tls_->error();
            if (wants == net::TlsWants::closed) input.error = asio::error::eof;
            if (wants == net::TlsWants::read || wants == net::TlsWants::write)
                input.error = co_await wait_for(wants);
        }
    }
    co_return input;
}

}  // namespace fairlead::aio
