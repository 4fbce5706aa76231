#include "discovery/docker_client.hpp"

#include "proxy/base/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace fairlead::discovery {
namespace {

// {"type":["container","network"]}
constexpr std::string_view filters = "%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D";

Problem refused(std::string_view what, unsigned status, std::string_view body) {
    return problem("the engine refused {}: status {}: {}", what, status, error_message(body));
}

/// Ids come from the engine, but go into a request line.
bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 &&
           id.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string engine_time(WallTime at) {
    const auto nanos =
        std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
    return fmt::format("{}.{:09}", nanos / 1'000'000'000, nanos % 1'000'000'000);
}

}  // namespace

DockerClient::DockerClient(aio::executor executor, std::string socket)
    : DockerClient(executor, std::move(socket), Limits()) {}

DockerClient::DockerClient(aio::executor executor, std::string socket, Limits limits)
    : executor_(executor), socket_(std::move(socket)), limits_(limits) {}

aio::task<Checked<DockerClient::Answer>> DockerClient::ask(std::string target) {
    if (is_closed_) co_return problem("{}: closed", socket_);
    DockerConnection connection(executor_, socket_);
    open_.insert(&connection);
    connection.expires_after(limits_.timeout);
    const auto status = co_await connection.get(std::move(target));
    Checked<std::string> body = std::string();
    if (status) body = co_await connection.read_all(limits_.answer);
    open_.erase(&connection);
    if (!status) co_return status.error();
    if (!body) co_return body.error();
    Answer answer;
    answer.status = *status;
    answer.body = std::move(*body);
    co_return answer;
}

aio::task<Checked<std::vector<ListedContainer>>> DockerClient::list() {
    const auto answer = co_await ask("/containers/json?all=1");
    if (!answer) co_return answer.error();
    if (answer->status != 200)
        co_return refused("to list containers", answer->status, answer->body);
    co_return parse_container_list(answer->body);
}

aio::task<Checked<std::optional<ContainerFacts>>> DockerClient::inspect(std::string id) {
    if (!is_id(id)) co_return problem("'{}' is not a container id", id);
    auto target = fmt::format("/containers/{}/json", id);
    const auto answer = co_await ask(std::move(target));
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return std::optional<ContainerFacts>();
    if (answer->status != 200) co_return refused("to describe it", answer->status, answer->body);
    auto facts = parse_container(answer->body);
    if (!facts) co_return facts.error();
    // Facts are kept under their own id: another's would overwrite that one's.
    if (facts->id != id) co_return problem("the engine described {} instead", facts->id);
    co_return std::optional<ContainerFacts>(std::move(*facts));
}

aio::task<Checked<>> DockerClient::subscribe(WallTime since) {
    if (is_closed_) co_return problem("{}: closed", socket_);
    unread_.clear();
    events_ = std::make_unique<DockerConnection>(executor_, socket_);
    events_->expires_after(limits_.timeout);
    auto target = fmt::format("/events?filters={}&since={}", filters, engine_time(since));
    const auto status = co_await events_->get(std::move(target));
    if (!status) co_return status.error();
    if (*status != 200) {
        const auto body = co_await events_->read_all(limits_.event);
        co_return refused("the event stream", *status, body ? *body : body.error().text());
    }
    events_->expires_after(0ms);
    co_return Checked<>();
}

aio::task<Checked<DockerEvent>> DockerClient::next_event() {
    for (;;) {
        const auto end = unread_.find('\n');
        if (end != std::string::npos) {
            const auto line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            if (line.find_first_not_of(" \r") == std::string::npos) continue;
            auto event = parse_event(line);
            if (event) co_return event;
            log::warn("docker.event_unreadable", log::kv("why", event.error().text()));
            co_return DockerEvent();
        }
        if (unread_.size() > limits_.event) {
            co_return problem("{}: an event is longer than {} bytes", socket_, limits_.event);
        }
        const auto more = co_await events_->read_some(unread_);
        if (!more) co_return more.error();
        if (!*more) co_return problem("{}: the engine ended the event stream", socket_);
    }
}

void DockerClient::close_events() {
    if (events_) events_->close();
}

void DockerClient::close() {
    is_closed_ = true;
    close_events();
    for (auto* connection : open_) connection->close();
}

}  // namespace fairlead::discovery
