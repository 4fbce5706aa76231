#include "discovery/docker_labels.hpp"

#include "discovery/label_keys.hpp"
#include "proxy/base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace fairlead::discovery {
namespace {

using Addressing = model::DockerSettings::Addressing;

constexpr std::string_view prefix = "fairlead.";
constexpr std::string_view enable = "fairlead.enable";

const std::string* find(const Labels& labels, const std::string& key) {
    const auto at = labels.find(key);
    return at == labels.end() || at->second.empty() ? nullptr : &at->second;
}

/// "registry:5000/team/web:1.2@sha256:..." is "web".
std::string_view base_name(std::string_view image) {
    image = image.substr(0, image.find('@'));
    const auto slash = image.rfind('/');
    if (slash != std::string_view::npos) image.remove_prefix(slash + 1);
    return image.substr(0, image.find(':'));
}

bool is_image_id(std::string_view image) {
    return image.starts_with("sha256:");
}

/// The container that ECS puts beside a task's own, to hold their network. It serves nothing.
bool is_pause_container(const ContainerFacts& facts) {
    const auto* name = find(facts.labels, "com.amazonaws.ecs.container-name");
    return (name != nullptr && *name == "~internal~ecs~pause") ||
           base_name(facts.image) == "amazon-ecs-pause";
}

std::string default_service(const ContainerFacts& facts) {
    for (const auto* key :
         {"com.docker.compose.service", "com.amazonaws.ecs.task-definition-family"}) {
        if (const auto* value = find(facts.labels, key)) return *value;
    }
    return is_image_id(facts.image) ? std::string() : std::string(base_name(facts.image));
}

std::string list_of(const std::set<std::uint16_t>& ports) {
    return fmt::format("{}", fmt::join(ports, ", "));
}

std::set<std::uint16_t> published_ports(const ContainerFacts& facts) {
    std::set<std::uint16_t> ports;
    for (const auto& published : facts.published) ports.insert(published.container_port);
    return ports;
}

/// The port meant when no label names one: the only exposed, else the only published.
Checked<std::uint16_t> default_port(const ContainerFacts& facts) {
    const std::set<std::uint16_t> exposed(facts.exposed.begin(), facts.exposed.end());
    if (exposed.size() == 1) return *exposed.begin();
    const auto published = published_ports(facts);
    if (published.size() == 1) return *published.begin();
    if (exposed.empty())
        return problem("it is not set, and the container exposes no TCP port; set it");
    return problem("it is not set, and the container exposes several ports; allowed: one of {}",
                   list_of(exposed));
}

/// Where the host reaches a published port. IPv4 first: an engine publishes both for "every
/// address", and not every host has IPv6.
Checked<model::Address> published_address(const ContainerFacts& facts, std::uint16_t port) {
    const PublishedPort* best = nullptr;
    for (const auto& published : facts.published) {
        if (published.container_port != port) continue;
        const bool is_v6 = published.host_ip.find(':') != std::string::npos;
        if (best == nullptr || (!is_v6 && best->host_ip.find(':') != std::string::npos)) {
            best = &published;
        }
    }
    if (best == nullptr) {
        const auto others = published_ports(facts);
        return problem("port {} of the container is not published; {}", port,
                       others.empty() ? "publish it, as in -p 127.0.0.1::" + std::to_string(port)
                                      : "published are " + list_of(others));
    }
    if (best->host_ip == "::") return model::Address::tcp("::1", best->host_port);
    const bool is_any = best->host_ip.empty() || best->host_ip == "0.0.0.0";
    return model::Address::tcp(is_any ? "127.0.0.1" : best->host_ip, best->host_port);
}

Checked<model::Address> address_of(const ContainerFacts& facts, std::uint16_t port,
                                   Addressing addressing) {
    if (facts.is_host_network) return model::Address::tcp("127.0.0.1", port);
    if (addressing == Addressing::published) return published_address(facts, port);
    if (facts.addresses.empty()) return problem("the container has no network of its own");
    return model::Address::tcp(facts.addresses.front(), port);
}

/// Reads one container's labels; collects every problem there is, not only the first.
class Planner {
public:
    Planner(const ContainerFacts& facts, const LabelRules& rules) : facts_(facts), rules_(rules) {}

    void read_labels() {
        for (const auto& [label, value] : facts_.labels) {
            const auto lowered = ascii::lower(label);
            if (!lowered.starts_with(prefix)) continue;
            if (lowered == enable) {
                check_enable(label, value);
                continue;
            }
            // The service's name keeps its case; keys have none.
            const auto key = split_label(std::string_view(lowered).substr(prefix.size()));
            auto& draft = drafts_[label.substr(prefix.size(), key.service.size())];
            const auto outcome = apply_label(draft, key, label, value, rules_);
            if (!outcome) reject(label, outcome.error());
        }
    }

    void add_services(model::Admission admission) {
        std::set<std::string> names;
        for (auto& [named, draft] : drafts_) {
            const auto name = service_name(named, draft);
            if (!name) {
                reject("fairlead.service", name.error());
                continue;
            }
            if (!names.insert(*name).second) {
                reject("fairlead.service", problem("'{}' is named twice by this container", *name));
                continue;
            }
            add_service(named, *name, draft, admission);
        }
    }

    ContainerPlan take() {
        if (!plan_.rejected.empty()) {
            plan_.services.clear();
            plan_.routes.clear();
        }
        return std::move(plan_);
    }

private:
    Checked<std::string> service_name(const std::string& named, const LabelDraft& draft) const {
        if (!named.empty()) return model::parse_service_name(named);
        if (!draft.service.empty()) return draft.service;
        const auto name = default_service(facts_);
        if (name.empty())
            return problem("it is not set, and the image has no name to use instead; set it");
        return model::parse_service_name(name);
    }

    void add_service(const std::string& named, const std::string& name, const LabelDraft& draft,
                     model::Admission admission) {
        model::ServiceSpec service;
        service.name = name;
        service.settings = draft.settings;
        if (service.settings) {
            model::SettingOrigins origins(origin_of(facts_));
            for (const auto& [key, label] : draft.setting_labels) {
                origins.add(key, fmt::format(" label {}", label));
            }
            service.settings->origins = std::move(origins);
        }
        service.origin = origin_of(facts_);
        if (facts_.run != ContainerFacts::Run::stopped)
            add_endpoint(service, named, draft, admission);
        plan_.services.push_back(std::move(service));

        auto hosts = draft.hosts;
        if (hosts.empty() && draft.path) hosts.emplace_back("*");
        for (auto& host : hosts) {
            plan_.routes.push_back(
                {std::move(host), draft.path.value_or(""), name, origin_at(draft.route_label)});
        }
    }

    void add_endpoint(model::ServiceSpec& service, const std::string& named,
                      const LabelDraft& draft, model::Admission admission) {
        const auto label =
            named.empty() ? std::string("fairlead.port") : fmt::format("fairlead.{}.port", named);
        const auto port = draft.port ? Checked<std::uint16_t>(*draft.port) : default_port(facts_);
        if (!port) return reject(label, port.error());
        auto address = address_of(facts_, *port, rules_.addressing);
        if (!address) return reject(label, address.error());
        model::EndpointSpec endpoint;
        endpoint.address = std::move(*address);
        endpoint.identity = fmt::format("{}@{}:{}", facts_.id, facts_.started, *port);
        endpoint.weight = draft.weight;
        if (!draft.weight_label.empty()) {
            model::SettingOrigins origins(origin_of(facts_));
            origins.add("weight", fmt::format(" label {}", draft.weight_label));
            endpoint.origins = std::move(origins);
        }
        endpoint.admission = admission;
        endpoint.origin = origin_of(facts_);
        service.endpoints.push_back(std::move(endpoint));
    }

    void check_enable(std::string_view label, std::string_view value) {
        // "false" does not come here: takes_part() has said no.
        if (ascii::iequals(ascii::trim(value), "true")) return;
        reject(label, problem("'{}' is not allowed; allowed: true, false", value));
    }

    void reject(std::string_view label, const Problem& why) {
        plan_.rejected.push_back({origin_at(label), why.text()});
    }

    model::Origin origin_at(std::string_view label) const {
        auto origin = origin_of(facts_);
        origin.place.append(" label ").append(label);
        return origin;
    }

    const ContainerFacts& facts_;
    const LabelRules& rules_;
    std::map<std::string, LabelDraft> drafts_;  // by the service in the label; "": none
    ContainerPlan plan_;
};

}  // namespace

bool takes_part(const Labels& labels) {
    bool has_any = false;
    for (const auto& [label, value] : labels) {
        const auto lowered = ascii::lower(label);
        if (lowered == enable) {
            if (ascii::iequals(ascii::trim(value), "false")) return false;
        } else if (lowered.starts_with(prefix)) {
            has_any = true;
        }
    }
    return has_any;
}

model::Admission admission_of(const ContainerFacts& facts) noexcept {
    if (facts.run == ContainerFacts::Run::paused) return model::Admission::paused;
    switch (facts.health) {
        case ContainerFacts::Health::starting:
            return model::Admission::starting;
        case ContainerFacts::Health::unhealthy:
            return model::Admission::unhealthy;
        case ContainerFacts::Health::none:
        case ContainerFacts::Health::healthy:
            break;
    }
    return model::Admission::ready;
}

model::Origin origin_of(const ContainerFacts& facts) {
    return {model::SourceKind::docker,
            fmt::format("container {} ({})", facts.name, facts.id.substr(0, 12))};
}

ContainerPlan plan_container(const ContainerFacts& facts, model::Admission admission,
                             const LabelRules& rules) {
    if (!takes_part(facts.labels) || is_pause_container(facts)) return {};
    Planner planner(facts, rules);
    planner.read_labels();
    planner.add_services(admission);
    return planner.take();
}

}  // namespace fairlead::discovery
