#include "control/http_client.hpp"

#include "proxy/aio/socket.hpp"
#include "proxy/aio/spawn.hpp"
#include "proxy/base/duration_text.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <optional>

namespace fairlead::control {
namespace {

namespace http = boost::beast::http;

constexpr std::uint64_t most_body = 1024 * 1024 * 1024;

struct Outcome {
    bool is_connected = false;
    aio::error_code failed;
    std::optional<http::response<http::string_body>> message;
};

aio::task<> fetch(aio::IoContext& io, aio::stream_protocol::endpoint endpoint,
                  http::request<http::string_body> request, Outcome& outcome) {
    aio::stream_socket socket(io);
    auto [connect_error] = co_await socket.async_connect(endpoint);
    outcome.failed = connect_error;
    if (connect_error) co_return;
    outcome.is_connected = true;

    // A server that refuses a body says so before it has read all of it: its answer counts.
    auto [write_error, written] = co_await http::async_write(socket, request);

    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(most_body);
    auto [read_error, size] = co_await http::async_read(socket, buffer, parser);
    outcome.failed = read_error && write_error ? write_error : read_error;
    if (!read_error) outcome.message = parser.release();
}

}  // namespace

Checked<model::Address> parse_server_url(std::string_view text, std::uint16_t default_port,
                                         std::string_view what) {
    const auto whole = text;
    if (text.starts_with("https://")) return problem("'{}': {} speaks plain HTTP", whole, what);
    if (text.starts_with("http://")) text.remove_prefix(7);
    while (text.ends_with('/') && !text.starts_with("unix:")) text.remove_suffix(1);
    auto address = model::parse_address(text, default_port);
    if (!address) return address.error();
    if (address->host == "localhost") address->host = "127.0.0.1";
    if (!aio::endpoint_of(*address)) {
        return problem("'{}': a numeric address is needed, such as http://127.0.0.1:{}", whole,
                       default_port);
    }
    return address;
}

Checked<HttpAnswer> ask_http(const model::Address& server, const HttpQuestion& question,
                             Duration patience) {
    const auto name = to_string(server);
    const auto endpoint = aio::endpoint_of(server);
    if (!endpoint) return problem("'{}' is not a numeric address", name);

    http::request<http::string_body> request;
    request.method_string(question.method);
    request.target(question.path);
    request.version(11);
    request.set(http::field::host, server.path.empty() ? name : "localhost");
    request.set(http::field::connection, "close");
    for (const auto& [field, value] : question.fields) request.set(field, value);
    request.body() = question.body;
    if (!question.body.empty()) request.prepare_payload();

    Outcome outcome;
    aio::IoContext io(1);
    aio::spawn(io.get_executor(), "http client", fetch(io, *endpoint, std::move(request), outcome));
    io.run_for(patience);

    if (outcome.message) {
        return HttpAnswer{static_cast<int>(outcome.message->result_int()),
                          std::move(outcome.message->body())};
    }
    if (!outcome.failed) {
        const auto given = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
        return problem("no answer from {} within {}", name, duration_text(given));
    }
    if (outcome.is_connected) return problem("{}: {}", name, outcome.failed.message());
    return problem("nothing answers at {} ({})", name, outcome.failed.message());
}

}  // namespace fairlead::control
