#include "control/embedded/store_text_v1.hpp"

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <string>

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

Checked<StoreContents> parse_store_text_v1(std::string_view text) {
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
