#include "control/api/redx_batch.hpp"

#include "control/api/json_text.hpp"
#include "control/http_server.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace fairlead::control {
namespace {

namespace json = boost::json;
using Kind = StoreChange::Kind;

/// One body being read; keeps the first problem and goes on doing nothing after it.
class Reading {
public:
    Reading(BatchVerb verb, const std::string& default_score)
        : verb_(verb), default_score_(default_score) {}

    void read(const json::value& root);
    Checked<std::vector<StoreChange>> take() && {
        if (!problem_.text().empty()) return problem_;
        return std::move(changes_);
    }

private:
    template <class Element>
    void read_list(const json::object& root, std::string_view name, Element&& element);
    void read_frontend(const std::string& place, const json::object& object);
    void read_backend(const std::string& place, const json::object& object);
    void read_servers(const std::string& place, const std::string& backend,
                      const json::value& servers);
    void read_server(const std::string& place, const std::string& backend,
                     const json::value& server);
    void read_config(const std::string& place, const std::string& backend,
                     const json::value& config);

    std::string text_of(const std::string& place, const json::value* value);
    /// Numbers and booleans are stored as their text, as Redx did.
    std::string scalar_text(const std::string& place, const json::value& value);

    void change(Kind kind, const std::string& name, const std::string& key = {},
                const std::string& value = {}) {
        changes_.push_back({kind, name, key, value});
    }
    bool has_problem() const { return !problem_.text().empty(); }
    void refuse(const std::string& place, std::string_view why) {
        if (!has_problem()) problem_ = problem("Invalid json body: {} {}", place, why);
    }

    const BatchVerb verb_;
    const std::string& default_score_;
    std::vector<StoreChange> changes_;
    Problem problem_;
};

/// Absent: not there, or null.
const json::value* find(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(json::string_view(name.data(), name.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Reading::text_of(const std::string& place, const json::value* value) {
    if (value == nullptr || !value->is_string()) {
        refuse(place, value == nullptr ? "is missing" : "is not a string");
        return {};
    }
    return std::string(value->get_string());
}

std::string Reading::scalar_text(const std::string& place, const json::value& value) {
    switch (value.kind()) {
        case json::kind::string:
            return std::string(value.get_string());
        case json::kind::bool_:
            return value.get_bool() ? "true" : "false";
        case json::kind::int64:
            return fmt::format("{}", value.get_int64());
        case json::kind::uint64:
            return fmt::format("{}", value.get_uint64());
        case json::kind::double_:
            return fmt::format("{:.14g}", value.get_double());  // Lua's tostring()
        default:
            refuse(place, "is not a string, a number or a boolean");
            return {};
    }
}

template <class Element>
void Reading::read_list(const json::object& root, std::string_view name, Element&& element) {
    const auto* const list = find(root, name);
    // Lua knows one kind of table: what it writes for an empty list is "{}".
    if (list == nullptr || (list->is_object() && list->get_object().empty())) return;
    if (!list->is_array()) return refuse(std::string(name), "is not a list");
    std::size_t index = 0;
    for (const auto& item : list->get_array()) {
        if (has_problem()) return;
        const auto place = fmt::format("{}[{}]", name, index++);
        if (!item.is_object()) return refuse(place, "is not an object");
        element(place, item.get_object());
    }
}

void Reading::read_frontend(const std::string& place, const json::object& object) {
    const auto url = text_of(place + ".url", find(object, "url"));
    if (verb_ != BatchVerb::add) change(Kind::delete_frontend, url);
    const auto* const backend = find(object, "backend_name");
    if (verb_ == BatchVerb::remove || backend == nullptr) return;
    change(Kind::set_frontend, url, {}, text_of(place + ".backend_name", backend));
}

void Reading::read_backend(const std::string& place, const json::object& object) {
    const auto name = text_of(place + ".name", find(object, "name"));
    const auto* const servers = find(object, "servers");
    const auto* const config = find(object, "config");
    const bool is_whole = servers == nullptr && config == nullptr;
    if (verb_ == BatchVerb::replace || (verb_ == BatchVerb::remove && is_whole)) {
        change(Kind::delete_backend, name);
    }
    if (servers != nullptr) read_servers(place + ".servers", name, *servers);
    if (config != nullptr) read_config(place + ".config", name, *config);
}

void Reading::read_servers(const std::string& place, const std::string& backend,
                           const json::value& servers) {
    if (servers.is_object() && servers.get_object().empty()) return;
    if (!servers.is_array()) return read_server(place, backend, servers);
    std::size_t index = 0;
    for (const auto& server : servers.get_array()) {
        if (has_problem()) return;
        read_server(fmt::format("{}[{}]", place, index++), backend, server);
    }
}

void Reading::read_server(const std::string& place, const std::string& backend,
                          const json::value& server) {
    std::string address;
    std::string score = default_score_;
    if (const auto* const pair = server.if_array()) {
        if (pair->size() != 2) return refuse(place, "is not [address, score]");
        address = text_of(place + "[0]", &(*pair)[0]);
        score = scalar_text(place + "[1]", (*pair)[1]);
    } else {
        address = text_of(place, &server);
    }
    if (verb_ == BatchVerb::remove) return change(Kind::delete_server, backend, address);
    change(Kind::set_server, backend, address, score);
}

void Reading::read_config(const std::string& place, const std::string& backend,
                          const json::value& config) {
    if (config.is_array() && config.get_array().empty()) return;
    if (!config.is_object()) return refuse(place, "is not an object");
    for (const auto& entry : config.get_object()) {
        const std::string key(entry.key());
        if (verb_ == BatchVerb::remove) {
            change(Kind::delete_config, backend, key);
        } else {
            change(Kind::set_config, backend, key, scalar_text(place + "." + key, entry.value()));
        }
    }
}

void Reading::read(const json::value& root) {
    if (root.is_array() && root.get_array().empty()) return;
    if (!root.is_object()) return refuse("the whole", "is not an object");
    const auto frontend = [this](const auto&... element) { read_frontend(element...); };
    const auto backend = [this](const auto&... element) { read_backend(element...); };
    read_list(root.get_object(), "frontends", frontend);
    read_list(root.get_object(), "backends", backend);
}

/// Redx decoded the body as a form, so careful clients encoded it. JSON never begins with '%'.
std::string decode_form(std::string_view body) {
    std::string text(body.substr(0, body.find_first_of("=&")));
    std::replace(text.begin(), text.end(), '+', ' ');
    return percent_decode(text);
}

void append_parts(std::string& out, const Backend& backend) {
    out.append(",\"servers\":[");
    std::string_view separator = "";
    for (const auto& [address, score] : backend.servers) {
        append_json(out.append(separator).append("["), address);
        // As text: what is no number, and what a number would lose digits of, comes back.
        append_json(out.append(","), score);
        out.append("]");
        separator = ",";
    }
    out.append("],\"config\":{");
    separator = "";
    for (const auto& [key, value] : backend.config) {
        append_json(out.append(separator), key);
        append_json(out.append(":"), value);
        separator = ",";
    }
    out.append("}");
}

}  // namespace

Checked<std::vector<StoreChange>> read_batch(std::string_view body, BatchVerb verb,
                                             const std::string& default_score) {
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return problem("Missing json body");
    const std::string decoded = body[first] == '%' ? decode_form(body.substr(first)) : "";
    const std::string_view text = decoded.empty() ? body : std::string_view(decoded);

    json::parse_options options;
    options.allow_invalid_utf8 = true;  // names are bytes
    json::monotonic_resource memory;
    boost::system::error_code ec;
    const auto root =
        json::parse(json::string_view(text.data(), text.size()), ec, &memory, options);
    if (ec) return problem("Invalid json body: {}", ec.message());
    Reading reading(verb, default_score);
    reading.read(root);
    return std::move(reading).take();
}

std::string batch_text(const StoreContents& contents, const StoreContents& gone) {
    std::string out = "{\"frontends\":[";
    std::string_view separator = "\n";
    const auto begin_element = [&](std::string_view key, const std::string& name) {
        append_json(out.append(separator).append("{\"").append(key).append("\":"), name);
        separator = ",\n";
    };
    for (const auto& [url, backend] : contents.frontends) {
        begin_element("url", url);
        append_json(out.append(",\"backend_name\":"), backend);
        out.append("}");
    }
    for (const auto& [url, backend] : gone.frontends) {
        begin_element("url", url);
        out.append("}");
    }
    out.append("\n],\"backends\":[");
    separator = "\n";
    for (const auto& [name, backend] : contents.backends) {
        begin_element("name", name);
        append_parts(out, backend);
        out.append("}");
    }
    for (const auto& [name, backend] : gone.backends) {
        begin_element("name", name);
        out.append("}");
    }
    return out.append("\n]}\n");
}

}  // namespace fairlead::control
