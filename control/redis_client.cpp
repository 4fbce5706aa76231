#include "control/redis_client.hpp"

#include "proxy/aio/socket.hpp"
#include "proxy/base/ascii.hpp"
#include "proxy/net/socket.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <hiredis/hiredis.h>

#include <array>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

using Resolver =
    aio::token::as_default_on_t<aio::asio::ip::basic_resolver<aio::asio::ip::tcp, aio::executor>>;
using Endpoints = std::vector<aio::stream_protocol::endpoint>;

constexpr std::size_t read_size = 64 * 1024;

/// "Connection refused" as Redx worded it: "connection refused".
std::string cause_text(aio::error_code ec) {
    if (ec == aio::asio::error::eof) return "connection closed";
    auto text = ec.message();
    if (!text.empty()) text[0] = ascii::to_lower(text[0]);
    return text;
}

std::string wire_form(const RedisCommand& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    for (const auto& word : command) {
        words.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* formatted = nullptr;
    const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                            words.data(), sizes.data());
    if (size < 0) std::abort();  // out of memory is the only way
    std::string out(formatted, static_cast<std::size_t>(size));
    redisFreeCommand(formatted);
    return out;
}

RedisReply reply_of(const redisReply& from) {
    using Type = RedisReply::Type;
    RedisReply reply;
    switch (from.type) {
        case REDIS_REPLY_STRING:
            reply.type = Type::text;
            break;
        case REDIS_REPLY_STATUS:
            reply.type = Type::status;
            break;
        case REDIS_REPLY_ERROR:
            reply.type = Type::error;
            break;
        case REDIS_REPLY_INTEGER:
            reply.type = Type::integer;
            break;
        case REDIS_REPLY_ARRAY:
            reply.type = Type::array;
            break;
        default:
            break;
    }
    if (from.str != nullptr) reply.text.assign(from.str, static_cast<std::size_t>(from.len));
    reply.integer = from.integer;
    for (std::size_t i = 0; i < from.elements; ++i) {
        reply.items.push_back(reply_of(*from.element[i]));
    }
    return reply;
}

aio::task<Checked<Endpoints>> resolve(aio::executor on, model::Address address) {
    Endpoints endpoints;
    if (const auto numeric = aio::endpoint_of(address)) {
        endpoints.push_back(*numeric);
        co_return endpoints;
    }
    Resolver names(on);
    const auto port = std::to_string(address.port);
    auto [ec, found] = co_await names.async_resolve(address.host, port);
    if (ec) co_return problem("{}", cause_text(ec));
    for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
    co_return endpoints;
}

}  // namespace

struct RedisClient::Reader {
    Reader() : parser(redisReaderCreate()) {}
    ~Reader() { redisReaderFree(parser); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    redisReader* parser;
    std::array<char, read_size> buffer = {};
};

// Held by the one coroutine that uses the connection.
struct RedisClient::Turn {
    explicit Turn(RedisClient& owner) : client(owner) { client.is_busy_ = true; }
    ~Turn() {
        client.is_busy_ = false;
        client.turn_.cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    RedisClient& client;
};

RedisClient::RedisClient(aio::IoContext& io, RedisUrl url, Duration timeout)
    : io_(io),
      url_(std::move(url)),
      timeout_(timeout),
      socket_(io.get_executor()),
      deadline_(io.get_executor(), [this] { close(); }),
      turn_(io.get_executor(), TimePoint::max()) {}

RedisClient::~RedisClient() = default;

void RedisClient::close() {
    aio::error_code ignored;  // closing is all there is to do with it
    socket_.close(ignored);
    is_ready_ = false;
}

void RedisClient::stop() {
    is_stopped_ = true;
    close();
}

Problem RedisClient::failed(aio::error_code ec) const {
    const auto cause = deadline_.expired() ? "timeout" : cause_text(ec);
    if (is_ready_ || reader_) return problem("Lost the connection to redis: {}", cause);
    return problem("Error connecting to redis: {}", cause);
}

aio::task<Checked<>> RedisClient::connect_socket() {
    const auto endpoints = co_await resolve(io_.get_executor(), url_.address);
    if (!endpoints) co_return problem("Error connecting to redis: {}", endpoints.error().text());
    aio::error_code last = aio::asio::error::host_not_found;
    for (const auto& endpoint : *endpoints) {
        if (deadline_.expired() || is_stopped_) break;
        auto [ec] = co_await socket_.async_connect(endpoint);
        last = ec;
        if (!ec &&
            net::is_connected_to_itself(socket_.native_handle(), aio::socket_address_of(endpoint)))
            last = aio::asio::error::connection_refused;
        if (!last) {
            net::disable_nagle(socket_.native_handle());
            co_return Checked<>{};
        }
        close();
    }
    co_return failed(last);
}

aio::task<Checked<>> RedisClient::log_in() {
    std::vector<RedisCommand> commands;
    if (!url_.user.empty()) {
        commands.push_back({"AUTH", url_.user, url_.password});
    } else if (!url_.password.empty()) {
        commands.push_back({"AUTH", url_.password});
    }
    if (url_.database != 0) commands.push_back({"SELECT", std::to_string(url_.database)});
    const auto replies = co_await exchange(std::move(commands));
    if (!replies) co_return replies.error();
    for (const auto& reply : *replies) {
        if (reply.is_error()) co_return problem("Error connecting to redis: {}", reply.text);
    }
    co_return Checked<>{};
}

aio::task<Checked<>> RedisClient::connect() {
    close();
    reader_.reset();
    const auto connected = co_await connect_socket();
    if (!connected) co_return connected;
    reader_ = std::make_unique<Reader>();
    const auto logged_in = co_await log_in();
    is_ready_ = logged_in.has_value();
    co_return logged_in;
}

aio::task<Checked<>> RedisClient::read_reply(RedisReply& reply) {
    for (;;) {
        void* parsed = nullptr;
        if (redisReaderGetReply(reader_->parser, &parsed) != REDIS_OK) {
            co_return problem("Lost the connection to redis: {}", reader_->parser->errstr);
        }
        if (parsed != nullptr) {
            reply = reply_of(*static_cast<redisReply*>(parsed));
            freeReplyObject(parsed);
            co_return Checked<>{};
        }
        const auto space = aio::asio::buffer(reader_->buffer);
        auto [ec, size] = co_await socket_.async_read_some(space);
        if (ec) co_return failed(ec);
        redisReaderFeed(reader_->parser, reader_->buffer.data(), size);
    }
}

aio::task<Checked<std::vector<RedisReply>>> RedisClient::exchange(
    std::vector<RedisCommand> commands) {
    std::string bytes;
    for (const auto& command : commands) bytes.append(wire_form(command));
    const auto buffer = aio::asio::buffer(bytes);
    auto [ec, sent] = co_await aio::asio::async_write(socket_, buffer);
    if (ec) co_return failed(ec);
    std::vector<RedisReply> replies(commands.size());
    for (auto& reply : replies) {
        const auto read = co_await read_reply(reply);
        if (!read) co_return read.error();
    }
    co_return replies;
}

aio::task<Checked<std::vector<RedisReply>>> RedisClient::run(std::vector<RedisCommand> commands) {
    while (is_busy_) co_await turn_.async_wait();
    if (is_stopped_) co_return problem("Error connecting to redis: shutting down");
    const Turn turn(*this);
    deadline_.arm(timeout_);
    // A connection that died while it was idle is not worth a failed command.
    if (!is_ready_ || net::is_readable_or_closed(socket_.native_handle())) {
        const auto connected = co_await connect();
        if (!connected) {
            close();
            deadline_.disarm();
            co_return connected.error();
        }
    }
    auto replies = co_await exchange(std::move(commands));
    if (!replies) close();
    deadline_.disarm();
    co_return replies;
}

}  // namespace fairlead::control
