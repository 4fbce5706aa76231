#include "control/admin_client.hpp"

#include "proxy/aio/socket.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/clock.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

#include <optional>

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

aio::task<> fetch(aio::IoContext& io, aio::stream_protocol::endpoint endpoint,
                  http::request<http::empty_body> request, Answer& answer) {
    aio::stream_socket socket(io);
    auto [connect_error] = co_await socket.async_connect(endpoint);
    answer.failed = connect_error;
    if (connect_error) co_return;
    answer.is_connected = true;

    auto [write_error, written] = co_await http::async_write(socket, request);
    answer.failed = write_error;
    if (write_error) co_return;

    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(most_body);
    auto [read_error, size] = co_await http::async_read(socket, buffer, parser);
    answer.failed = read_error;
    if (!read_error) answer.message = parser.release();
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
    const auto whole = text;
    if (text.starts_with("https://")) {
        return problem("'{}': the admin endpoint speaks plain HTTP", whole);
    }
    if (text.starts_with("http://")) text.remove_prefix(7);
    while (text.ends_with('/') && !text.starts_with("unix:")) text.remove_suffix(1);
    auto address = model::parse_address(text, default_port);
    if (!address) return address.error();
    if (address->host == "localhost") address->host = "127.0.0.1";
    if (!aio::endpoint_of(*address)) {
        return problem("'{}': a numeric address is needed, such as http://127.0.0.1:9901", whole);
    }
    return address;
}

Checked<std::string> ask_admin(const model::Address& admin, const std::string& path) {
    const auto name = to_string(admin);
    const auto endpoint = aio::endpoint_of(admin);
    if (!endpoint) return problem("'{}' is not a numeric address", name);

    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, admin.path.empty() ? name : "localhost");
    request.set(http::field::connection, "close");

    Answer answer;
    aio::IoContext io(1);
    aio::spawn(io.get_executor(), "admin client", fetch(io, *endpoint, std::move(request), answer));
    io.run_for(patience);

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

}  // namespace fairlead::control
