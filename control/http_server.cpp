#include "control/http_server.hpp"

#include "proxy/aio/socket.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/ascii.hpp"
#include "proxy/base/clock.hpp"
#include "proxy/base/log.hpp"
#include "proxy/model/ip_prefix.hpp"
#include "proxy/net/listener.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <exception>
#include <unordered_set>

namespace fairlead::control {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t head_limit = 64 * 1024;
constexpr std::size_t read_size = 8 * 1024;
constexpr std::size_t most_connections = 1024;

// Coarse: a sweep twice a second looks for connections that are past theirs.
constexpr Duration sweep_interval = 500ms;
constexpr Duration idle_timeout = 75s;
constexpr Duration head_timeout = 10s;
constexpr Duration body_timeout = 60s;
constexpr Duration write_timeout = 60s;
constexpr Duration linger_timeout = 2s;
constexpr Duration accept_back_off = 50ms;

/// Who is at the other end of a connection.
struct Peer {
    std::string address;
    std::uint16_t port = 0;
    bool is_local = false;
};

Peer peer_of(const net::SocketAddress& address) {
    const auto ip = net::ip_of(address);
    if (!ip) return {"unix", 0, true};
    return {model::ip_text(*ip), net::address_of(address).port, net::is_loopback(*ip)};
}

/// All but the body.
HttpRequest head_of(const http::request<http::string_body>& message, const Peer& peer) {
    HttpRequest request;
    const bool is_head = message.method() == http::verb::head;
    request.method = is_head ? "GET" : std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const auto mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
    request.peer = peer.address;
    request.peer_port = peer.port;
    request.is_local = peer.is_local;
    for (const auto& field : message) {
        request.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return request;
}

int status_for(const aio::error_code& ec) {
    if (ec == http::error::body_limit) return 413;
    if (ec == http::error::header_limit) return 431;
    return 400;
}

}  // namespace

std::string_view HttpRequest::field(std::string_view lowered_name) const noexcept {
    for (const auto& [name, value] : fields) {
        if (ascii::iequals(name, lowered_name)) return value;
    }
    return {};
}

std::string HttpRequest::client() const {
    if (peer_port == 0) return peer;
    const bool is_v6 = peer.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", peer, peer_port) : fmt::format("{}:{}", peer, peer_port);
}

HttpReply error_reply(int status, std::string_view why) {
    boost::json::object body;
    body.emplace("error", why);
    HttpReply reply;
    reply.status = status;
    reply.body = boost::json::serialize(body);
    return reply;
}

std::string percent_decode(std::string_view text) {
    const auto digit = [](char c) {
        if (ascii::is_digit(c)) return c - '0';
        const char low = ascii::to_lower(c);
        return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = digit(text[i + 1]);
            const int low = digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

// One client connection, as the sweep and stop() see it; lives in the coroutine that serves it.
struct HttpConnection {
    enum class Doing { waiting, reading, handling, writing };

    HttpConnection(aio::stream_socket s, Peer p) : socket(std::move(s)), peer(std::move(p)) {}

    aio::stream_socket socket;
    Peer peer;
    Doing doing = Doing::waiting;
    TimePoint deadline = TimePoint::max();
    bool is_late = false;
    BodyStream* stream = nullptr;  // the one that is being sent

    void begin(Doing what, Duration patience) {
        doing = what;
        deadline = Clock::now() + patience;
    }
    void begin_handling() {
        doing = Doing::handling;
        deadline = TimePoint::max();  // handlers bound their own work
    }
    void cancel() {
        aio::error_code ignored;  // a socket that cannot be cancelled has nothing pending
        socket.cancel(ignored);
    }
};

class HttpServer::State {
public:
    State(aio::IoContext& io_context, std::string_view server_name, model::Address address,
          Handler handle, HttpServerOptions how)
        : io(io_context),
          name(server_name),
          bind(std::move(address)),
          handler(std::move(handle)),
          options(how),
          acceptor(io_context),
          back_off(io_context),
          sweeper(io_context) {}

    Checked<> listen();
    void stop();

    // Coroutines hold the state by value: it outlives the server while they run out.
    static aio::task<> accept_loop(std::shared_ptr<State> self);
    static aio::task<> sweep_loop(std::shared_ptr<State> self);
    static aio::task<> serve(std::shared_ptr<State> self, aio::stream_socket socket);

    aio::IoContext& io;
    const std::string_view name;
    const model::Address bind;
    const Handler handler;
    const HttpServerOptions options;
    model::Address bound;

private:
    enum class Next { keep, close, linger };

    /// In the list of connections for as long as it lives.
    class Listed {
    public:
        Listed(State& state, HttpConnection& connection) : state_(state), connection_(&connection) {
            state_.connections.insert(connection_);
        }
        ~Listed() { state_.connections.erase(connection_); }
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

    private:
        State& state_;
        HttpConnection* connection_;
    };

    aio::task<> converse(HttpConnection& connection);
    aio::task<Next> serve_one(HttpConnection& connection, boost::beast::flat_buffer& buffer);
    aio::task<HttpReply> handle(const HttpRequest& request);
    aio::task<Next> write(HttpConnection& connection, HttpReply reply, bool is_head, bool keep);
    aio::task<> write_stream(HttpConnection& connection, BodyStream& stream);
    aio::task<Next> refuse(HttpConnection& connection, aio::error_code ec);

    aio::acceptor acceptor;
    aio::timer back_off;
    aio::timer sweeper;
    std::unordered_set<HttpConnection*> connections;
    bool is_stopping = false;
};

Checked<> HttpServer::State::listen() {
    const auto listening = net::bind_listener(bind, 1);
    if (!listening) return listening.error();
    bound = listening->address;
    const bool is_unix = bound.kind == model::Address::Kind::unix_socket;
    const bool is_v6 = bound.host.find(':') != std::string::npos;
    const aio::stream_protocol protocol(is_unix ? AF_UNIX : (is_v6 ? AF_INET6 : AF_INET),
                                        is_unix ? 0 : IPPROTO_TCP);
    acceptor.assign(protocol, listening->descriptors.front());
    return {};
}

void HttpServer::State::stop() {
    if (is_stopping) return;
    is_stopping = true;
    if (acceptor.is_open()) {
        aio::error_code ignored;  // nothing to do about a failing close
        acceptor.close(ignored);
        net::remove_stale_socket(bind);
    }
    back_off.cancel();
    sweeper.cancel();
    for (auto* connection : connections) {
        if (connection->doing == HttpConnection::Doing::waiting) connection->cancel();
        if (connection->stream != nullptr) connection->stream->close();
    }
}

aio::task<> HttpServer::State::accept_loop(std::shared_ptr<State> self) {
    while (!self->is_stopping) {
        auto [ec, socket] = co_await self->acceptor.async_accept();
        if (self->is_stopping) break;
        if (!ec) {
            if (self->connections.size() >= most_connections) continue;  // closes it
            aio::spawn(self->io.get_executor(), "http connection", serve(self, std::move(socket)));
            continue;
        }
        if (ec == aio::asio::error::connection_aborted) continue;  // the client changed its mind
        // Out of descriptors or memory: the queue waits in the kernel; later some may be free.
        log::warn("http.accept_failed", log::kv("server", self->name),
                  log::kv("error", ec.message()));
        self->back_off.expires_at(Clock::now() + accept_back_off);
        co_await self->back_off.async_wait();
    }
}

aio::task<> HttpServer::State::sweep_loop(std::shared_ptr<State> self) {
    while (!self->is_stopping || !self->connections.empty()) {
        self->sweeper.expires_at(Clock::now() + sweep_interval);
        co_await self->sweeper.async_wait();
        const auto now = Clock::now();
        for (auto* connection : self->connections) {
            if (connection->deadline > now) continue;
            connection->is_late = true;
            connection->cancel();
        }
    }
}

aio::task<> HttpServer::State::serve(std::shared_ptr<State> self, aio::stream_socket socket) {
    aio::error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec) co_return;
    HttpConnection connection(std::move(socket), peer_of(aio::socket_address_of(remote)));
    // Answers are written whole; Nagle would only hold the last piece back. Fails on Unix sockets.
    connection.socket.set_option(aio::asio::ip::tcp::no_delay(true), ec);
    {
        const Listed listed(*self, connection);
        co_await self->converse(connection);
    }
    // The sweep ends with the last connection.
    if (self->is_stopping && self->connections.empty()) self->sweeper.cancel();
}

aio::task<> HttpServer::State::converse(HttpConnection& connection) {
    boost::beast::flat_buffer buffer(head_limit + read_size);
    Next next = Next::keep;
    while (next == Next::keep) next = co_await serve_one(connection, buffer);
    if (next != Next::linger) co_return;

    // The client is still sending what we refused: closing now would reset the connection and
    // take our answer with it.
    aio::error_code ignored;  // of a connection that is closed next
    connection.socket.shutdown(aio::asio::socket_base::shutdown_send, ignored);
    connection.begin(HttpConnection::Doing::reading, linger_timeout);
    while (!connection.is_late) {
        buffer.clear();
        const auto space = buffer.prepare(read_size);
        auto [ec, size] = co_await connection.socket.async_read_some(space);
        if (ec) co_return;
    }
}

aio::task<HttpServer::State::Next> HttpServer::State::serve_one(HttpConnection& connection,
                                                                boost::beast::flat_buffer& buffer) {
    using Doing = HttpConnection::Doing;
    if (buffer.size() == 0) {
        if (is_stopping) co_return Next::close;
        connection.begin(Doing::waiting, idle_timeout);
        const auto space = buffer.prepare(read_size);
        auto [ec, size] = co_await connection.socket.async_read_some(space);
        if (ec) co_return Next::close;
        buffer.commit(size);
    }

    http::request_parser<http::string_body> parser;
    parser.header_limit(head_limit);
    parser.body_limit(options.most_body);
    connection.begin(Doing::reading, head_timeout);
    auto [head_error, head_size] =
        co_await http::async_read_header(connection.socket, buffer, parser);
    if (head_error) co_return co_await refuse(connection, head_error);

    auto request = head_of(parser.get(), connection.peer);
    const bool is_head = parser.get().method() == http::verb::head;
    const bool keep = parser.get().keep_alive() && !is_stopping;
    auto refused = options.admit ? options.admit(request) : std::nullopt;
    if (refused) {
        const bool has_all = parser.is_done();
        const auto next = co_await write(connection, std::move(*refused), is_head, keep && has_all);
        co_return has_all ? next : Next::linger;
    }

    connection.begin(Doing::reading, body_timeout);
    if (!parser.is_done() && ascii::iequals(parser.get()[http::field::expect], "100-continue")) {
        const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto bytes = aio::asio::buffer(go_on);
        auto [ec, size] = co_await aio::asio::async_write(connection.socket, bytes);
        if (ec) co_return Next::close;
    }
    auto [body_error, body_size] = co_await http::async_read(connection.socket, buffer, parser);
    if (body_error) co_return co_await refuse(connection, body_error);

    request.body = std::move(parser.get().body());
    connection.begin_handling();
    auto reply = co_await handle(request);
    co_return co_await write(connection, std::move(reply), is_head, keep && !is_stopping);
}

aio::task<HttpReply> HttpServer::State::handle(const HttpRequest& request) {
    try {
        auto reply = co_await handler(request);
        co_return reply;
    } catch (const std::exception& e) {
        log::error("http.handler_failed", log::kv("server", name), log::kv("path", request.path),
                   log::kv("what", e.what()));
    }
    co_return options.refuse(500, "a defect of Fairlead: see its log for http.handler_failed");
}

aio::task<HttpServer::State::Next> HttpServer::State::refuse(HttpConnection& connection,
                                                             aio::error_code ec) {
    const bool is_ours = ec.category() == make_error_code(http::error::bad_version).category();
    // Nobody is there to be told: it left, or only connected and left.
    if (connection.is_late ? false
                           : (!is_ours || ec == http::error::end_of_stream ||
                              ec == http::error::partial_message)) {
        co_return Next::close;
    }
    const int status = connection.is_late ? 408 : status_for(ec);
    const auto why = status == 408 ? std::string("the request did not arrive in time")
                     : status == 413
                         ? fmt::format("the body is larger than {} bytes", options.most_body)
                         : ec.message();
    auto reply = options.refuse(status, why);
    connection.is_late = false;
    const auto next = co_await write(connection, std::move(reply), false, false);
    co_return next == Next::close ? Next::linger : next;
}

aio::task<HttpServer::State::Next> HttpServer::State::write(HttpConnection& connection,
                                                            HttpReply reply, bool is_head,
                                                            bool keep) {
    const auto stream = std::move(reply.stream);
    http::response<http::string_body> message;
    message.result(static_cast<unsigned>(reply.status));
    message.version(11);
    keep = keep && stream == nullptr;
    message.keep_alive(keep);
    message.set(http::field::content_type, reply.content_type);
    message.set(http::field::cache_control, "no-store");
    for (const auto& [field, value] : reply.fields) message.set(field, value);
    if (!stream) message.content_length(reply.body.size());
    if (!is_head) message.body() = std::move(reply.body);

    connection.begin(HttpConnection::Doing::writing, write_timeout);
    http::response_serializer<http::string_body> serializer(message);
    aio::error_code failed;
    if (is_head || stream) {
        auto [ec, size] = co_await http::async_write_header(connection.socket, serializer);
        failed = ec;
        if (!failed && !is_head) co_await write_stream(connection, *stream);
    } else {
        auto [ec, size] = co_await http::async_write(connection.socket, serializer);
        failed = ec;
    }
    co_return failed || !keep ? Next::close : Next::keep;
}

aio::task<> HttpServer::State::write_stream(HttpConnection& connection, BodyStream& stream) {
    using Doing = HttpConnection::Doing;
    connection.stream = &stream;
    while (!is_stopping) {
        connection.begin_handling();
        const auto piece = co_await stream.next();
        if (piece.empty()) break;
        connection.begin(Doing::writing, write_timeout);
        const auto bytes = aio::asio::buffer(piece);
        auto [ec, size] = co_await aio::asio::async_write(connection.socket, bytes);
        if (ec) break;
    }
    connection.stream = nullptr;
}

HttpServer::HttpServer(aio::IoContext& io, std::string_view name, model::Address bind,
                       Handler handler, HttpServerOptions options)
    : state_(std::make_shared<State>(io, name, std::move(bind), std::move(handler), options)) {}

HttpServer::~HttpServer() {
    stop();
}

Checked<> HttpServer::start() {
    const auto listening = state_->listen();
    if (!listening) return listening.error();
    const auto on = state_->io.get_executor();
    aio::spawn(on, "http accept", State::accept_loop(state_));
    aio::spawn(on, "http sweep", State::sweep_loop(state_));
    return {};
}

void HttpServer::stop() {
    state_->stop();
}

model::Address HttpServer::bound() const {
    return state_->bound;
}

}  // namespace fairlead::control
