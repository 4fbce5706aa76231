#include "control/admin/admin_client.hpp"

#include "control/http_client.hpp"
#include "proxy/aio/socket.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/clock.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

namespace http = boost::beast::http;

constexpr std::uint64_t most_body = 1024 * 1024 * 1024;
constexpr Duration patience = 10s;
constexpr std::uint16_t default_port = 9901;

struct Answer {
    bool is_connected = false;
    aio::error_code failed;
    std::optional<http::response<http::string_body>> message;
};

using Request = http::request<http::string_body>;

aio::task<> send(aio::stream_socket& socket, aio::stream_protocol::endpoint endpoint,
                 Request& request, Answer& answer) {
    auto [connect_error] = co_await socket.async_connect(endpoint);
    answer.failed = connect_error;
    if (connect_error) co_return;
    answer.is_connected = true;
    auto [write_error, written] = co_await http::async_write(socket, request);
    answer.failed = write_error;
}

aio::task<> fetch(aio::IoContext& io, aio::stream_protocol::endpoint endpoint, Request request,
                  Answer& answer) {
    aio::stream_socket socket(io);
    co_await send(socket, endpoint, request, answer);
    if (answer.failed) co_return;

    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(most_body);
    auto [read_error, size] = co_await http::async_read(socket, buffer, parser);
    answer.failed = read_error;
    if (!read_error) answer.message = parser.release();
}

using TakeEvent = std::function<void(std::string_view event, std::string_view data)>;

/// Takes the whole events off the front of `text`: "event: ...\ndata: ...\n\n".
void take_events(std::string& text, const TakeEvent& take) {
    for (;;) {
        const auto end = text.find("\n\n");
        if (end == std::string::npos) return;
        const std::string block = text.substr(0, end + 1);
        text.erase(0, end + 2);
        std::string_view event;
        std::string_view data;
        for (std::string_view rest = block; !rest.empty();) {
            const auto line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(line.size() + 1);
            if (line.starts_with("event: ")) event = line.substr(7);
            if (line.starts_with("data: ")) data = line.substr(6);
        }
        if (!data.empty()) take(event, data);
    }
}

/// A 200 is given to `take` piece by piece; any other answer is kept whole.
aio::task<> follow(aio::IoContext& io, aio::stream_protocol::endpoint endpoint, Request request,
                   Answer& answer, const TakeEvent& take) {
    aio::stream_socket socket(io);
    co_await send(socket, endpoint, request, answer);
    if (answer.failed) co_return;

    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    auto [head_error, head_size] = co_await http::async_read_header(socket, buffer, parser);
    answer.failed = head_error;
    std::string text;
    while (!answer.failed && !parser.is_done()) {
        auto [ec, size] = co_await http::async_read_some(socket, buffer, parser);
        answer.failed = ec;
        if (parser.get().result_int() != 200) continue;
        text.append(parser.get().body());
        parser.get().body().clear();
        take_events(text, take);
    }
    if (!answer.failed) answer.message = parser.release();
}

/// The "error" of a JSON answer, or its status.
std::string error_text(const http::response<http::string_body>& message) {
    boost::system::error_code ec;
    const auto value = boost::json::parse(message.body(), ec);
    if (!ec && value.is_object()) {
        const auto* const error = value.get_object().if_contains("error");
        if (error != nullptr && error->is_string()) return std::string(error->get_string());
    }
    return fmt::format("status {}", message.result_int());
}

}  // namespace

Checked<model::Address> parse_admin_url(std::string_view text) {
    return parse_server_url(text, default_port, "the admin endpoint");
}

namespace {

Request make_request(const model::Address& admin, http::verb verb, const std::string& path) {
    Request request(verb, path, 11);
    request.set(http::field::host, admin.path.empty() ? to_string(admin) : "localhost");
    request.set(http::field::connection, "close");
    return request;
}

/// The body of a 200, or what is wrong.
Checked<std::string> judge(const model::Address& admin, const std::string& path, Answer& answer) {
    const auto name = to_string(admin);
    if (answer.message && answer.message->result_int() == 200) {
        return std::move(answer.message->body());
    }
    if (answer.message) return problem("{}{}: {}", name, path, error_text(*answer.message));
    if (!answer.failed) return problem("no answer from {} within 10 s", name);
    if (answer.is_connected) return problem("{}: {}", name, answer.failed.message());
    return problem(
        "nothing answers at {} ({}): is Fairlead running, and is this its admin address? Another "
        "one is given with --admin",
        name, answer.failed.message());
}

Checked<std::string> ask(const model::Address& admin, const std::string& path, Request request) {
    const auto endpoint = aio::endpoint_of(admin);
    if (!endpoint) return problem("'{}' is not a numeric address", to_string(admin));
    Answer answer;
    aio::IoContext io(1);
    aio::spawn(io.get_executor(), "admin client", fetch(io, *endpoint, std::move(request), answer));
    io.run_for(patience);
    return judge(admin, path.substr(0, path.find('?')), answer);
}

}  // namespace

Checked<std::string> ask_admin(const model::Address& admin, const std::string& path) {
    return ask(admin, path, make_request(admin, http::verb::get, path));
}

Checked<std::string> post_admin(const model::Address& admin, const std::string& path,
                                std::string body) {
    auto request = make_request(admin, http::verb::post, path);
    request.body() = std::move(body);
    request.prepare_payload();
    return ask(admin, path, std::move(request));
}

Checked<> follow_admin(const model::Address& admin, const std::string& path,
                       const TakeEvent& take) {
    const auto endpoint = aio::endpoint_of(admin);
    if (!endpoint) return problem("'{}' is not a numeric address", to_string(admin));
    Answer answer;
    aio::IoContext io(1);
    auto request = make_request(admin, http::verb::get, path);
    aio::spawn(io.get_executor(), "admin client",
               follow(io, *endpoint, std::move(request), answer, take));
    io.run();
    const auto body = judge(admin, path.substr(0, path.find('?')), answer);
    if (!body) return body.error();
    return {};
}

}  // namespace fairlead::control
