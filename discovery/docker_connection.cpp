#include "discovery/docker_connection.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <optional>
#include <utility>

namespace fairlead::discovery {

namespace beast = boost::beast;
namespace http = boost::beast::http;

struct DockerConnection::Wire {
    explicit Wire(aio::executor executor) : socket(executor), deadline(executor) {}

    void close() {
        is_closed = true;
        deadline.cancel();
        aio::error_code ignored;  // nothing can be done about a close that fails
        socket.close(ignored);
    }

    aio::stream_socket socket;
    aio::timer deadline;
    beast::flat_buffer buffer{64 * 1024};
    http::response_parser<http::buffer_body> parser;
    std::array<char, 16 * 1024> piece;
    bool is_expired = false;
    bool is_closed = false;
};

DockerConnection::DockerConnection(aio::executor executor, std::string socket)
    : path_(std::move(socket)), wire_(std::make_shared<Wire>(executor)) {
    wire_->buffer.reserve(16 * 1024);  // Beast reads as much as fits, 512 bytes at first
    wire_->parser.header_limit(32 * 1024);
    wire_->parser.body_limit(boost::none);  // read_all() counts; an event stream has no end
}

DockerConnection::~DockerConnection() {
    wire_->close();
}

void DockerConnection::expires_after(model::Milliseconds timeout) {
    wire_->deadline.cancel();
    if (timeout == 0ms || wire_->is_closed) return;
    wire_->deadline.expires_after(timeout);
    const std::weak_ptr<Wire> weak = wire_;
    const auto expire = [weak](aio::error_code ec) {
        const auto wire = weak.lock();
        if (ec || !wire || wire->deadline.expiry() > Clock::now()) return;
        wire->is_expired = true;
        wire->close();
    };
    wire_->deadline.async_wait(expire);
}

void DockerConnection::close() {
    wire_->close();
}

Problem DockerConnection::failed(std::string_view doing, aio::error_code ec) const {
    const auto why = wire_->is_expired ? std::string("it took too long") : ec.message();
    return problem("{}: {}: {}", path_, doing, why);
}

aio::task<Checked<unsigned>> DockerConnection::get(std::string target) {
    auto& wire = *wire_;
    if (wire.is_closed) co_return problem("{}: closed", path_);
    // sockaddr_un holds 107 characters and the endpoint's constructor throws on more.
    if (path_.empty() || path_.size() > 107) {
        co_return problem("'{}' is not a socket's path; allowed: 1 to 107 characters", path_);
    }
    const aio::stream_protocol::endpoint endpoint(
        aio::asio::local::stream_protocol::endpoint{path_});
    const auto [connect_ec] = co_await wire.socket.async_connect(endpoint);
    if (connect_ec) co_return failed("connecting", connect_ec);

    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "docker");
    request.set(http::field::user_agent, "fairlead");
    request.set(http::field::connection, "close");
    const auto [write_ec, written] = co_await http::async_write(wire.socket, request);
    if (write_ec) co_return failed("sending the request", write_ec);

    const auto [read_ec, read] =
        co_await http::async_read_header(wire.socket, wire.buffer, wire.parser);
    if (read_ec) co_return failed("reading the answer's head", read_ec);
    co_return wire.parser.get().result_int();
}

aio::task<Checked<bool>> DockerConnection::read_some(std::string& into) {
    auto& wire = *wire_;
    auto& body = wire.parser.get().body();
    if (wire.parser.is_done()) co_return false;
    if (wire.is_closed) co_return failed("reading the answer", aio::asio::error::operation_aborted);
    body.data = wire.piece.data();
    body.size = wire.piece.size();
    auto [ec, n] = co_await http::async_read_some(wire.socket, wire.buffer, wire.parser);
    if (ec == http::error::need_buffer) ec = aio::error_code();  // the piece is full
    if (ec) co_return failed("reading the answer", ec);
    into.append(wire.piece.data(), wire.piece.size() - body.size);
    co_return true;
}

aio::task<Checked<std::string>> DockerConnection::read_all(std::size_t limit) {
    std::string text;
    for (;;) {
        const auto more = co_await read_some(text);
        if (!more) co_return more.error();
        if (text.size() > limit)
            co_return problem("{}: an answer is longer than {} bytes", path_, limit);
        if (!*more) co_return text;
    }
}

}  // namespace fairlead::discovery
