#include "control/redis/redis_connection.hpp"

#include "proxy/base/ascii.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace fairlead::control {
namespace {

/// "Connection refused" as Redx worded it: "connection refused". "IP address mismatch" stays.
std::string cause_text(aio::error_code ec) {
    if (ec == aio::asio::error::eof) return "connection closed";
    auto text = ec.message();
    const bool is_word = text.size() > 1 && text[1] == ascii::to_lower(text[1]);
    if (is_word) text[0] = ascii::to_lower(text[0]);
    return text;
}

/// A Redis whose AUTH has another name repeats what it was sent in its complaint.
std::string without(std::string text, const std::string& secret) {
    if (secret.empty()) return text;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
        text.replace(at, secret.size(), "***");
    return text;
}

}  // namespace

RedisConnection::RedisConnection(aio::IoContext& io, RedisNode node)
    : node_(std::move(node)),
      stream_(io.get_executor()),
      deadline_(io.get_executor(), [this] { close(); }),
      buffer_(std::make_unique<std::array<char, read_size>>()) {}

void RedisConnection::close() {
    stream_.close();
    is_ready_ = false;
}

bool RedisConnection::is_ready() {
    return is_ready_ && !stream_.is_readable_or_closed();
}

Problem RedisConnection::failed(aio::error_code ec) const {
    const auto cause = deadline_.expired() ? "timeout" : cause_text(ec);
    if (was_connected_) return problem("Lost the connection to redis: {}", cause);
    return problem("Error connecting to redis: {}", cause);
}

aio::task<Checked<>> RedisConnection::log_in() {
    const auto& url = node_.url;
    RedisCommands commands;
    if (!url.user.empty()) {
        commands.push_back({"AUTH", url.user, url.password});
    } else if (!url.password.empty()) {
        commands.push_back({"AUTH", url.password});
    }
    if (url.database != 0) commands.push_back({"SELECT", std::to_string(url.database)});
    const auto replies = co_await exchange(std::move(commands));
    if (!replies) co_return replies.error();
    for (const auto& reply : *replies) {
        if (!reply.is_error()) continue;
        co_return problem("Error connecting to redis: {}", without(reply.text, url.password));
    }
    co_return Checked<>{};
}

aio::task<Checked<>> RedisConnection::open() {
    close();
    was_connected_ = false;
    aio::ClientTls tls;
    tls.context = node_.tls;
    tls.server_name = node_.server_name;
    const auto ec = co_await stream_.connect(node_.url.address, std::move(tls));
    if (ec) co_return failed(ec);
    was_connected_ = true;
    reader_.emplace();
    const auto logged_in = co_await log_in();
    if (!logged_in) close();
    is_ready_ = logged_in.has_value();
    co_return logged_in;
}

aio::task<Checked<>> RedisConnection::send(RedisCommands commands) {
    std::string bytes;
    for (const auto& command : commands) bytes.append(wire_form(command));
    const auto ec = co_await stream_.write(bytes);
    if (ec) co_return failed(ec);
    co_return Checked<>{};
}

aio::task<Checked<>> RedisConnection::receive(RedisReply& reply) {
    for (;;) {
        auto next = reader_->next();
        if (!next) co_return problem("Lost the connection to redis: {}", next.error().text());
        if (*next) {
            reply = std::move(**next);
            co_return Checked<>{};
        }
        const auto input = co_await stream_.read_some(buffer_->data(), buffer_->size());
        if (input.error) co_return failed(input.error);
        reader_->feed(std::string_view(buffer_->data(), input.size));
    }
}

aio::task<Checked<RedisReplies>> RedisConnection::exchange(RedisCommands commands) {
    RedisReplies replies(commands.size());
    const auto sent = co_await send(std::move(commands));
    if (!sent) co_return sent.error();
    for (auto& reply : replies) {
        const auto read = co_await receive(reply);
        if (!read) co_return read.error();
    }
    co_return replies;
}

}  // namespace fairlead::control
