#include "control/api/redx_answers.hpp"

#include "control/api/json_text.hpp"

#include <unordered_set>
#include <utility>

namespace fairlead::control {
namespace {

constexpr std::string_view ok_with_data = "{\"message\":\"OK\",\"data\":";

/// {"message":"OK","data":...}, what `append` puts behind it.
template <class Append>
HttpReply data_answer(Append&& append) {
    HttpReply reply;
    reply.body = ok_with_data;
    append(reply.body);
    reply.body.push_back('}');
    return reply;
}

/// The items between brackets.
template <class Items, class Append>
void append_list(std::string& out, const Items& items, Append&& append) {
    out.push_back('[');
    std::string_view separator = "";
    for (const auto& item : items) {
        out.append(separator);
        append(item);
        separator = ",";
    }
    out.push_back(']');
}

/// "name":value pairs between braces.
template <class Items, class Append>
void append_object(std::string& out, const Items& items, Append&& append_value) {
    out.push_back('{');
    std::string_view separator = "";
    for (const auto& [name, value] : items) {
        append_json(out.append(separator), name);
        out.push_back(':');
        append_value(out, value);
        separator = ",";
    }
    out.push_back('}');
}

void append_members(std::string& out, const Backend& backend) {
    out.append("\"servers\":");
    append_list(out, backend.servers, [&](const auto& server) { append_json(out, server.first); });
    out.append(",\"config\":");
    append_object(out, backend.config, append_json);
    out.append(",\"scores\":");
    append_object(out, backend.servers, append_json_score);
}

void append_named(std::string& out, std::string_view key,
                  const std::vector<std::string_view>& names) {
    append_list(out, names, [&](std::string_view name) {
        out.append("{\"").append(key).append("\":");
        append_json(out, name);
        out.push_back('}');
    });
}

HttpReply text_answer(std::string_view text) {
    return data_answer([&](std::string& out) { append_json(out, text); });
}

}  // namespace

HttpReply redx_answer(int status, std::string_view message) {
    HttpReply reply;
    reply.status = status;
    append_json(reply.body.append("{\"message\":"), message);
    reply.body.push_back('}');
    return reply;
}

HttpReply redx_absent() {
    return redx_answer(404, "Entry does not exist");
}

HttpReply frontends_answer(const StoreContents& contents) {
    return data_answer([&](std::string& out) {
        append_list(out, contents.frontends, [&](const auto& frontend) {
            append_json(out.append("{\"url\":"), frontend.first);
            append_json(out.append(",\"backend_name\":"), frontend.second);
            out.push_back('}');
        });
    });
}

HttpReply backends_answer(const StoreContents& contents) {
    return data_answer([&](std::string& out) {
        append_list(out, contents.backends, [&](const auto& backend) {
            append_json(out.append("{\"name\":"), backend.first);
            append_members(out.append(","), backend.second);
            out.push_back('}');
        });
    });
}

HttpReply frontend_answer(const StoreContents& contents, const std::string& url) {
    const auto at = contents.frontends.find(url);
    return at == contents.frontends.end() ? redx_absent() : text_answer(at->second);
}

HttpReply backend_answer(const StoreContents& contents, const std::string& name) {
    const auto at = contents.backends.find(name);
    if (at == contents.backends.end()) return redx_absent();
    return data_answer([&](std::string& out) {
        append_members(out.append("{"), at->second);
        out.push_back('}');
    });
}

HttpReply config_answer(const StoreContents& contents, const std::string& name,
                        const std::string& key) {
    const auto at = contents.backends.find(name);
    if (at == contents.backends.end()) return redx_absent();
    const auto entry = at->second.config.find(key);
    return entry == at->second.config.end() ? redx_absent() : text_answer(entry->second);
}

Orphans find_orphans(const StoreContents& contents) {
    Orphans orphans;
    std::unordered_set<std::string_view> named;
    for (const auto& [url, backend] : contents.frontends) {
        named.insert(backend);
        if (!contents.backends.contains(backend)) orphans.frontends.push_back(url);
    }
    for (const auto& [name, backend] : contents.backends) {
        if (!named.contains(name)) orphans.backends.push_back(name);
    }
    return orphans;
}

HttpReply orphans_answer(const StoreContents& contents) {
    const auto orphans = find_orphans(contents);
    return data_answer([&](std::string& out) {
        append_named(out.append("{\"frontends\":"), "url", orphans.frontends);
        append_named(out.append(",\"backends\":"), "name", orphans.backends);
        out.push_back('}');
    });
}

std::vector<StoreChange> orphans_removal(const StoreContents& contents) {
    using Kind = StoreChange::Kind;
    const auto orphans = find_orphans(contents);
    std::vector<StoreChange> changes;
    for (const auto url : orphans.frontends) {
        changes.push_back({Kind::delete_frontend, std::string(url), "", ""});
    }
    for (const auto name : orphans.backends) {
        changes.push_back({Kind::delete_backend, std::string(name), "", ""});
    }
    return changes;
}

HttpReply test_page() {
    HttpReply reply;
    reply.content_type = "text/html";
    reply.body =
        "<!DOCTYPE html>\n<html><head><title>Fairlead</title></head>\n"
        "<body><h1>Fairlead</h1><p>The Redx-compatible API is here: "
        "<a href=\"/openapi.json\">its OpenAPI document</a>.</p></body></html>\n";
    return reply;
}

}  // namespace fairlead::control
