#include "discovery/docker_json.hpp"

#include "discovery/docker_labels.hpp"
#include "proxy/base/ascii.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace fairlead::discovery {
namespace {

namespace json = boost::json;
using std::string_view;

string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

// Each of these answers "nothing" for a value that is absent, null or of another kind: the engine's
// answers have all three, depending on its version.
const json::value* member(const json::object* object, string_view key) {
    return object == nullptr ? nullptr : object->if_contains(key);
}
const json::object* object_at(const json::object* object, string_view key) {
    const auto* value = member(object, key);
    return value == nullptr ? nullptr : value->if_object();
}
string_view text_at(const json::object* object, string_view key) {
    const auto* value = member(object, key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? string_view() : view(*text);
}

Checked<json::value> parse_json(string_view text) {
    boost::system::error_code ec;
    auto value = json::parse(text, ec);
    if (ec) return problem("the engine's answer is not JSON: {}", ec.message());
    return value;
}

Labels labels_of(const json::object* object) {
    Labels labels;
    if (object == nullptr) return labels;
    for (const auto& [key, value] : *object) {
        if (const auto* text = value.if_string()) labels.emplace(key, view(*text));
    }
    return labels;
}

template <class T>
std::optional<T> whole(string_view text) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, value);
    if (ec != std::errc{} || at != end) return std::nullopt;
    return value;
}

/// "80/tcp" is 80; other protocols and nonsense are nothing.
std::optional<std::uint16_t> tcp_port(string_view text) {
    const auto slash = text.find('/');
    if (slash != string_view::npos && text.substr(slash) != "/tcp") return std::nullopt;
    const auto port = whole<std::uint16_t>(text.substr(0, slash));
    return port && *port != 0 ? port : std::nullopt;
}

WallTime time_or_epoch(string_view text) {
    const auto time = parse_time(text);
    return time ? *time : WallTime{};
}

void read_state(ContainerFacts& facts, const json::object* state) {
    using Run = ContainerFacts::Run;
    const auto status = text_at(state, "Status");
    facts.run = status == "running"  ? Run::running
                : status == "paused" ? Run::paused
                                     : Run::stopped;

    using Health = ContainerFacts::Health;
    const auto health = text_at(object_at(state, "Health"), "Status");
    facts.health = health == "starting"    ? Health::starting
                   : health == "healthy"   ? Health::healthy
                   : health == "unhealthy" ? Health::unhealthy
                                           : Health::none;

    facts.started = text_at(state, "StartedAt");
    facts.started_at = time_or_epoch(facts.started);
}

void read_ports(ContainerFacts& facts, const json::object* config, const json::object* network) {
    if (const auto* exposed = object_at(config, "ExposedPorts")) {
        for (const auto& item : *exposed) {
            if (const auto port = tcp_port(item.key())) facts.exposed.push_back(*port);
        }
    }
    std::sort(facts.exposed.begin(), facts.exposed.end());

    const auto* ports = object_at(network, "Ports");
    if (ports == nullptr) return;
    for (const auto& item : *ports) {
        const auto port = tcp_port(item.key());
        const auto* bindings = item.value().if_array();
        if (!port || bindings == nullptr) continue;
        for (const auto& binding : *bindings) {
            const auto* fields = binding.if_object();
            const auto host_port = whole<std::uint16_t>(text_at(fields, "HostPort"));
            if (!host_port || *host_port == 0) continue;
            facts.published.push_back({*port, std::string(text_at(fields, "HostIp")), *host_port});
        }
    }
}

void read_networks(ContainerFacts& facts, const json::object* networks) {
    if (networks == nullptr) return;
    std::map<string_view, string_view> by_name;  // the engine's own order is a hash's
    for (const auto& item : *networks) {
        const auto address = text_at(item.value().if_object(), "IPAddress");
        if (!address.empty()) by_name.emplace(item.key(), address);
    }
    for (const auto& [name, address] : by_name) facts.addresses.emplace_back(address);
}

DockerEvent::Action action_of(string_view type, string_view name) {
    using Action = DockerEvent::Action;
    if (type == "network") {
        return name == "connect" || name == "disconnect" ? Action::network : Action::other;
    }
    if (type != "container") return Action::other;
    if (name == "kill") return Action::kill;
    if (name == "die") return Action::die;
    if (name == "destroy") return Action::destroy;
    if (name == "pause") return Action::pause;
    if (name.starts_with("health_status")) return Action::health;
    for (const string_view look : {"start", "stop", "restart", "unpause", "update", "rename"}) {
        if (name == look) return Action::look;
    }
    return Action::other;
}

ContainerFacts::Health health_in(string_view name) {
    using Health = ContainerFacts::Health;
    if (name.ends_with("unhealthy")) return Health::unhealthy;
    return name.ends_with("healthy") ? Health::healthy : Health::starting;
}

}  // namespace

Checked<std::vector<ListedContainer>> parse_container_list(string_view text) {
    const auto value = parse_json(text);
    if (!value) return value.error();
    const auto* list = value->if_array();
    if (list == nullptr) return problem("the engine's list of containers is not an array");
    std::vector<ListedContainer> containers;
    containers.reserve(list->size());
    for (const auto& item : *list) {
        const auto* fields = item.if_object();
        const auto id = text_at(fields, "Id");
        if (id.empty()) return problem("the engine's list of containers has one without an Id");
        containers.push_back({std::string(id), labels_of(object_at(fields, "Labels"))});
    }
    return containers;
}

Checked<ContainerFacts> parse_container(string_view text) {
    const auto value = parse_json(text);
    if (!value) return value.error();
    const auto* root = value->if_object();
    const auto* state = object_at(root, "State");
    const auto* config = object_at(root, "Config");
    const auto* network = object_at(root, "NetworkSettings");
    if (text_at(root, "Id").empty() || state == nullptr || config == nullptr) {
        return problem("the engine's description of a container has no Id, State or Config");
    }
    ContainerFacts facts;
    facts.id = text_at(root, "Id");
    facts.name = text_at(root, "Name");
    if (facts.name.starts_with('/')) facts.name.erase(0, 1);
    facts.image = text_at(config, "Image");
    facts.labels = labels_of(object_at(config, "Labels"));
    facts.created = time_or_epoch(text_at(root, "Created"));
    if (const int number = signal_number(text_at(config, "StopSignal"))) facts.stop_signal = number;
    facts.is_host_network = text_at(object_at(root, "HostConfig"), "NetworkMode") == "host";
    read_state(facts, state);
    read_ports(facts, config, network);
    read_networks(facts, object_at(network, "Networks"));
    return facts;
}

Checked<DockerEvent> parse_event(string_view text) {
    const auto value = parse_json(text);
    if (!value) return value.error();
    const auto* root = value->if_object();
    if (root == nullptr) return problem("the engine's event is not an object");
    const auto* actor = object_at(root, "Actor");
    const auto* attributes = object_at(actor, "Attributes");
    const auto type = text_at(root, "Type");
    const auto name = text_at(root, "Action");

    DockerEvent event;
    event.action = action_of(type, name);
    event.name = name;
    event.container = type == "network" ? text_at(attributes, "container") : text_at(actor, "ID");
    if (const auto* nanos = member(root, "timeNano"); nanos != nullptr && nanos->is_int64()) {
        event.at = WallTime(std::chrono::nanoseconds(nanos->get_int64()));
    }
    event.signal = signal_number(text_at(attributes, "signal"));
    event.health = health_in(name);
    event.takes_part = takes_part(labels_of(attributes));
    if (event.action != DockerEvent::Action::other && event.container.empty()) {
        return problem("the engine's event '{}' names no container", name);
    }
    return event;
}

std::string error_message(string_view text) {
    boost::system::error_code ec;
    const auto value = json::parse(text, ec);
    const auto message = ec ? string_view() : text_at(value.if_object(), "message");
    return std::string((message.empty() ? text : message).substr(0, 200));
}

Checked<WallTime> parse_time(string_view text) {
    const auto bad = [&] { return problem("'{}' is not a time", text); };
    // 2026-11-21T03:31:08 is 19 characters; the fraction and the zone follow.
    if (text.size() < 20) return bad();
    const auto field = [&](std::size_t at, std::size_t n) {
        return whole<int>(text.substr(at, n));
    };
    const auto year = field(0, 4), month = field(5, 2), day = field(8, 2);
    const auto hour = field(11, 2), minute = field(14, 2), second = field(17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return bad();
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok() || *year > 2200) return bad();
    if (*year < 1970) return WallTime{};  // the year 1 means never, and does not fit nanoseconds
    auto rest = text.substr(19);
    std::int64_t nanos = 0;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        std::int64_t unit = 1'000'000'000;
        while (!rest.empty() && ascii::is_digit(rest.front())) {
            unit /= 10;
            nanos += unit * (rest.front() - '0');
            rest.remove_prefix(1);
        }
    }
    std::chrono::minutes offset{0};
    if (rest != "Z") {
        if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-')) return bad();
        const auto hours = whole<int>(rest.substr(1, 2)), minutes = whole<int>(rest.substr(4, 2));
        if (!hours || !minutes) return bad();
        offset = std::chrono::minutes(*hours * 60 + *minutes) * (rest[0] == '-' ? -1 : 1);
    }
    const auto since_epoch = std::chrono::sys_days(date).time_since_epoch() +
                             std::chrono::hours(*hour) + std::chrono::minutes(*minute) - offset +
                             std::chrono::seconds(*second) + std::chrono::nanoseconds(nanos);
    return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
}

}  // namespace fairlead::discovery
