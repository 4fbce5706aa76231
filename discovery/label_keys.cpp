#include "discovery/label_keys.hpp"

#include "proxy/base/ascii.hpp"
#include "proxy/base/duration_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace fairlead::discovery {
namespace {

using std::string_view;

template <class T>
Checked<T> parse_whole(string_view text, T lowest, T highest) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, value);
    if (ec != std::errc{} || at != end || value < lowest || value > highest) {
        return problem("'{}' is not allowed; allowed: a whole number from {} to {}", text, lowest,
                       highest);
    }
    return value;
}

template <class T>
Checked<> store(T& into, Checked<T> value) {
    if (!value) return value.error();
    into = std::move(*value);
    return {};
}

model::ServiceSettings& settings_of(LabelDraft& draft) {
    if (!draft.settings) draft.settings.emplace();
    return *draft.settings;
}

Checked<> store_duration(model::Milliseconds& into, string_view text, model::Milliseconds lowest) {
    auto value = parse_duration(text);
    if (!value) return value.error();
    if (*value < lowest)
        return problem("'{}' is too short; allowed: {} and more", text, duration_text(lowest));
    into = *value;
    return {};
}

Checked<> set_hosts(LabelDraft& draft, string_view value, const LabelRules&) {
    Checked<> outcome;
    ascii::each_item(value, [&](string_view item) {
        auto host = model::parse_route_host(item);
        if (!host) {
            outcome = host.error();
            return false;
        }
        if (std::find(draft.hosts.begin(), draft.hosts.end(), *host) == draft.hosts.end()) {
            draft.hosts.push_back(std::move(*host));
        }
        return true;
    });
    if (outcome && draft.hosts.empty())
        return problem("it names no host; allowed: a list like a.org, *.b.org");
    return outcome;
}

Checked<> set_path(LabelDraft& draft, string_view value, const LabelRules&) {
    auto path = model::parse_route_path(value);
    if (!path) return path.error();
    draft.path = std::move(*path);
    return {};
}

Checked<> set_service(LabelDraft& draft, string_view value, const LabelRules&) {
    return store(draft.service, model::parse_service_name(value));
}

Checked<> set_port(LabelDraft& draft, string_view value, const LabelRules&) {
    auto port = parse_whole<std::uint16_t>(value, 1, 65535);
    if (!port) return port.error();
    draft.port = *port;
    return {};
}

Checked<> set_weight(LabelDraft& draft, string_view value, const LabelRules&) {
    return store(draft.weight, parse_whole<std::uint32_t>(value, 1, 1000));
}

Checked<> set_policy(LabelDraft& draft, string_view value, const LabelRules& rules) {
    if (rules.check_policy != nullptr) {
        auto known = rules.check_policy(value);
        if (!known) return known.error();
    }
    settings_of(draft).policy = value;
    return {};
}

Checked<> set_connect(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).timeouts.connect, value, 1ms);
}
Checked<> set_first_byte(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).timeouts.first_byte, value, 1ms);
}
Checked<> set_idle(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).timeouts.idle, value, 1ms);
}
Checked<> set_total(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).timeouts.total, value, 0ms);
}
Checked<> set_attempts(LabelDraft& draft, string_view value, const LabelRules&) {
    return store(settings_of(draft).attempts, parse_whole<unsigned>(value, 1, 10));
}
Checked<> set_ejection(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).ejection, value, 0ms);
}
Checked<> set_drain(LabelDraft& draft, string_view value, const LabelRules&) {
    return store_duration(settings_of(draft).drain, value, 0ms);
}

enum class Of : std::uint8_t { container, route, service };

struct Row {
    string_view key;
    Checked<> (*set)(LabelDraft&, string_view, const LabelRules&);
    Of of = Of::service;  // whose setting it is
};

constexpr Row rows[] = {
    {"host", set_hosts, Of::route},
    {"path", set_path, Of::route},
    {"service", set_service, Of::container},
    {"port", set_port, Of::container},
    {"weight", set_weight, Of::container},
    {"policy", set_policy},
    {"timeouts.connect", set_connect},
    {"timeouts.first_byte", set_first_byte},
    {"timeouts.idle", set_idle},
    {"timeouts.total", set_total},
    {"retries.attempts", set_attempts},
    {"outlier.base_ejection", set_ejection},
    {"drain", set_drain},
};

// Keys of the configuration file that have no effect in this version. Saying so is better than
// serving without the stickiness or the health check that somebody relies on.
constexpr string_view unsupported[] = {
    "hash_on",         "protocol",
    "tls.verify",      "tls.ca",
    "tls.server_name", "sticky.cookie",
    "sticky.ttl",      "health.path",
    "health.interval", "health.timeout",
    "health.rise",     "health.fall",
    "health.expect",   "outlier.consecutive_failures",
    "slow_start",      "outlier.max_ejected",
    "queue.length",    "queue.timeout",
    "retries.budget",  "max_requests_per_endpoint",
};

// First words of keys: no service is called so in a label, or a mistyped key would make one.
constexpr string_view groups[] = {"health", "outlier",  "queue", "retries",
                                  "sticky", "timeouts", "tls"};

template <class T, std::size_t n>
bool has(const T (&list)[n], string_view item) {
    return std::find(std::begin(list), std::end(list), item) != std::end(list);
}

std::string allowed_keys() {
    std::string list;
    for (const auto& row : rows) list.append(list.empty() ? "" : ", ").append(row.key);
    return list;
}

/// Whether `rest` is `key`, or ends in ".key" with something before it.
bool ends_in(string_view rest, string_view key) {
    if (rest == key) return true;
    return rest.size() > key.size() + 1 && rest.ends_with(key) &&
           rest[rest.size() - key.size() - 1] == '.';
}

}  // namespace

LabelKey split_label(string_view rest) {
    string_view best;
    const auto consider = [&](string_view key) {
        if (ends_in(rest, key) && key.size() > best.size()) best = key;
    };
    for (const auto& row : rows) consider(row.key);
    for (const auto key : unsupported) consider(key);
    if (best.empty() || best.size() == rest.size()) return {"", rest};
    const auto service = rest.substr(0, rest.size() - best.size() - 1);
    if (has(groups, service)) return {"", rest};
    return {service, rest.substr(rest.size() - best.size())};
}

Checked<> apply_label(LabelDraft& draft, const LabelKey& label, string_view written,
                      string_view value, const LabelRules& rules) {
    const auto is_it = [&](const Row& row) { return row.key == label.key; };
    const auto* const row = std::find_if(std::begin(rows), std::end(rows), is_it);
    const bool is_misplaced = label.key == "service" && !label.service.empty();
    if (row != std::end(rows) && !is_misplaced) {
        if (row->of == Of::service) draft.setting_labels.emplace_back(row->key, written);
        if (row->key == "weight") draft.weight_label = written;
        const bool names_routes =
            row->of == Of::route && (row->key == "host" || draft.route_label.empty());
        if (names_routes) draft.route_label = written;
        return row->set(draft, ascii::trim(value), rules);
    }
    if (has(unsupported, label.key)) {
        return problem("'{}' is not supported by this version; allowed: {}", label.key,
                       allowed_keys());
    }
    return problem("'{}' is not a known key; allowed: enable, {}, each also as <service>.key",
                   label.key, allowed_keys());
}

}  // namespace fairlead::discovery
