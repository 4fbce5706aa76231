#include "control/store_text.hpp"

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace fairlead::control {
namespace {

namespace json = boost::json;

constexpr int format_version = 1;

std::string checksum_of(std::string_view body) {
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    return fmt::format("{:08x}", crc.checksum());
}

std::string header_of(std::string_view body) {
    return fmt::format(R"({{"fairlead_store":{},"crc32":"{}",)", format_version, checksum_of(body));
}

json::object object_of(const Backend& backend) {
    json::array servers;
    for (const auto& [address, score] : backend.servers)
        servers.push_back(json::array{address, score});
    json::object config;
    for (const auto& [key, value] : backend.config) config[key] = value;
    json::object object;
    object["servers"] = std::move(servers);
    object["config"] = std::move(config);
    return object;
}

/// Adds `"name":value` lines between braces.
template <class Entries, class ToValue>
void append_members(std::string& out, const Entries& entries, ToValue&& to_value) {
    std::string_view separator = "\n";
    for (const auto& [name, entry] : entries) {
        out.append(separator).append("  ").append(json::serialize(json::string(name)));
        out.append(": ").append(json::serialize(to_value(entry)));
        separator = ",\n";
    }
}

std::string text_in(const json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : std::string();
}

Checked<Backend> backend_of(const json::value& value) {
    const auto* const object = value.if_object();
    const auto* const servers = object == nullptr ? nullptr : object->if_contains("servers");
    const auto* const config = object == nullptr ? nullptr : object->if_contains("config");
    if (servers == nullptr || !servers->is_array() || config == nullptr || !config->is_object()) {
        return problem("a backend is not as this version writes it");
    }
    Backend backend;
    for (const auto& server : servers->get_array()) {
        const auto* const pair = server.if_array();
        if (pair == nullptr || pair->size() != 2)
            return problem("a server is not [address, score]");
        backend.servers.emplace_back(text_in((*pair)[0]), text_in((*pair)[1]));
    }
    for (const auto& entry : config->get_object())
        backend.config[entry.key()] = text_in(entry.value());
    return backend;
}

Checked<StoreContents> contents_of(const json::value& root) {
    const auto* const object = root.if_object();
    const auto* const version = object == nullptr ? nullptr : object->if_contains("fairlead_store");
    const auto* const frontends = object == nullptr ? nullptr : object->if_contains("frontends");
    const auto* const backends = object == nullptr ? nullptr : object->if_contains("backends");
    if (version == nullptr || *version != format_version)
        return problem("it is of another version");
    if (frontends == nullptr || !frontends->is_object() || backends == nullptr ||
        !backends->is_object()) {
        return problem("frontends or backends are missing");
    }
    StoreContents contents;
    for (const auto& entry : frontends->get_object())
        contents.frontends[entry.key()] = text_in(entry.value());
    for (const auto& entry : backends->get_object()) {
        auto backend = backend_of(entry.value());
        if (!backend) return backend.error();
        contents.backends[entry.key()] = std::move(*backend);
    }
    return contents;
}

}  // namespace

std::string store_text(const StoreContents& contents) {
    std::string body = "\n\"frontends\": {";
    append_members(body, contents.frontends,
                   [](const std::string& name) { return json::value(name); });
    body.append("\n},\n\"backends\": {");
    append_members(body, contents.backends,
                   [](const Backend& backend) { return json::value(object_of(backend)); });
    body.append("\n}}\n");
    return header_of(body) + body;
}

Checked<StoreContents> parse_store_text(std::string_view text) {
    const auto end_of_header = text.find('\n');
    if (end_of_header == std::string_view::npos) return problem("its first line is not complete");
    const auto body = text.substr(end_of_header);
    // Compared as a whole: damage to the header is damage too.
    if (text.substr(0, end_of_header) != header_of(body)) {
        return problem("its checksum does not match, or it is of another version");
    }
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // names are bytes: what a client sent comes back as it was
    boost::system::error_code ec;
    const auto root = json::parse(json::string_view(text.data(), text.size()), ec, {}, options);
    if (ec) return problem("it is not JSON: {}", ec.message());
    return contents_of(root);
}

}  // namespace fairlead::control
