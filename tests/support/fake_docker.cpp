#include "tests/support/fake_docker.hpp"

#include "proxy/aio/spawn.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

namespace fairlead::testing {
namespace {

namespace http = boost::beast::http;

constexpr std::int64_t year_2026 = 1767225600;  // 2026-01-01T00:00:00Z

std::string labels_json(const FakeContainer& container) {
    auto labels = container.labels;
    labels.try_emplace("fairlead.host", container.service + ".org");
    labels.try_emplace("fairlead.service", container.service);
    std::string text;
    for (const auto& [key, value] : labels) {
        text += fmt::format(R"({}"{}":"{}")", text.empty() ? "" : ",", key, value);
    }
    return text;
}

std::string describe(const FakeContainer& container) {
    const auto health = container.health.empty()
                            ? std::string()
                            : fmt::format(R"(,"Health":{{"Status":"{}"}})", container.health);
    const auto ports = container.status == "running" || container.status == "paused"
                           ? fmt::format(R"("80/tcp":[{{"HostIp":"127.0.0.1","HostPort":"{}"}}])",
                                         container.host_port)
                           : std::string();
    return fmt::format(
        R"({{"Id":"{}","Name":"/{}","Created":"2026-01-01T00:00:00Z","State":{{"Status":"{}","StartedAt":"{}"{}}},)"
        R"("Config":{{"Image":"web","Labels":{{{}}},"ExposedPorts":{{"80/tcp":{{}}}},"StopSignal":"{}"}},)"
        R"("HostConfig":{{"NetworkMode":"default"}},"NetworkSettings":{{"Ports":{{{}}},"Networks":{{}}}}}})",
        container.id, container.id, container.status, container.started, health,
        labels_json(container), container.stop_signal, ports);
}

}  // namespace

FakeDocker::FakeDocker(aio::IoContext& context) : context_(context) {
    std::string pattern = std::filesystem::temp_directory_path() / "fake-docker-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/docker.sock";
}

FakeDocker::~FakeDocker() {
    std::filesystem::remove_all(folder_);
}

void FakeDocker::listen() {
    std::filesystem::remove(path_);
    const aio::stream_protocol::endpoint endpoint(
        aio::asio::local::stream_protocol::endpoint{path_});
    acceptor_.emplace(context_.get_executor());
    acceptor_->open(endpoint.protocol());
    acceptor_->bind(endpoint);
    acceptor_->listen();
    aio::spawn(context_.get_executor(), "fake_docker.accept", accept());
}

void FakeDocker::vanish() {
    cut_streams();
    aio::error_code ignored;
    acceptor_->close(ignored);
    std::filesystem::remove(path_);
}

aio::task<> FakeDocker::accept() {
    for (;;) {
        auto [ec, socket] = co_await acceptor_->async_accept();
        if (ec) co_return;
        aio::stream_socket peer(std::move(socket));
        aio::spawn(context_.get_executor(), "fake_docker.serve", serve(std::move(peer)));
    }
}

aio::task<> FakeDocker::serve(aio::stream_socket socket) {
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    const auto [read_ec, read] = co_await http::async_read(socket, buffer, request);
    if (read_ec) co_return;
    const std::string target(request.target());
    requests.push_back(target);
    auto special = hook ? hook(target) : std::nullopt;
    if (!special && target.starts_with("/events")) {
        const std::string head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
            "chunked\r\n\r\n";
        aio::error_code ec;
        aio::asio::write(socket, aio::asio::buffer(head), ec);
        if (!ec) streams_.push_back(std::move(socket));
        co_return;
    }
    const auto said = special ? *special : answer(target);
    http::response<http::string_body> response(static_cast<http::status>(said.status), 11);
    response.body() = said.body;
    response.prepare_payload();
    const auto [write_ec, written] = co_await http::async_write(socket, response);
    if (write_ec) co_return;
}

FakeDocker::Answer FakeDocker::answer(const std::string& target) const {
    Answer answer;
    if (target.starts_with("/containers/json")) {
        for (const auto& [id, container] : containers) {
            answer.body += fmt::format(R"({}{{"Id":"{}","Labels":{{{}}}}})",
                                       answer.body.empty() ? "" : ",", id, labels_json(container));
        }
        answer.body = "[" + answer.body + "]";
        return answer;
    }
    const auto id = target.substr(12, target.rfind('/') - 12);  // /containers/ID/json
    const auto at = containers.find(id);
    if (at == containers.end()) {
        answer.status = 404;
        answer.body = R"({"message":"No such container"})";
    } else {
        answer.body = describe(at->second);
    }
    return answer;
}

void FakeDocker::emit(const std::string& action, const std::string& id, int second,
                      std::optional<int> signal) {
    const auto attribute = signal ? fmt::format(R"("signal":"{}",)", *signal) : std::string();
    emit_line(fmt::format(
        R"({{"Type":"container","Action":"{}","Actor":{{"ID":"{}","Attributes":{{{}"fairlead.host":"x"}}}},"timeNano":{}}})",
        action, id, attribute, (year_2026 + second) * 1'000'000'000));
}

void FakeDocker::emit_line(const std::string& line) {
    const auto chunk = fmt::format("{:x}\r\n{}\n\r\n", line.size() + 1, line);
    for (auto& stream : streams_) {
        aio::error_code ignored;  // a stream that is gone gets nothing
        aio::asio::write(stream, aio::asio::buffer(chunk), ignored);
    }
}

void FakeDocker::flood(std::size_t bytes) {
    aio::spawn(context_.get_executor(), "fake_docker.flood", write_endless_line(bytes));
}

aio::task<> FakeDocker::write_endless_line(std::size_t bytes) {
    auto stream = std::move(streams_.front());
    streams_.pop_front();
    const auto head = fmt::format("{:x}\r\n", bytes);
    const std::string line(bytes, 'x');
    const auto head_buffer = aio::asio::buffer(head);
    const auto [head_ec, head_n] = co_await aio::asio::async_write(stream, head_buffer);
    if (head_ec) co_return;
    const auto buffer = aio::asio::buffer(line);
    const auto [ec, n] = co_await aio::asio::async_write(stream, buffer);
    if (ec) co_return;  // as the test expects
}

void FakeDocker::cut_streams() {
    streams_.clear();
}

std::size_t FakeDocker::asked(const std::string& prefix) const {
    std::size_t count = 0;
    for (const auto& target : requests) count += target.starts_with(prefix) ? 1 : 0;
    return count;
}

}  // namespace fairlead::testing
