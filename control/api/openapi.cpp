#include "control/api/openapi.hpp"

#include "control/api/redx_table.hpp"
#include "control/version.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) {
    return {text.data(), text.size()};
}

json::value reference(std::string_view kind, std::string_view name) {
    const auto target = std::string("#/components/").append(kind).append("/").append(name);
    return {{"$ref", json::string(target)}};
}

/// A path's "{x}" segments.
json::array parameters_of(std::string_view path) {
    json::array parameters;
    for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{')) {
        path.remove_prefix(open + 1);
        const json::value text = {{"type", "string"}};
        parameters.push_back({{"name", view(path.substr(0, path.find('}')))},
                              {"in", "path"},
                              {"required", true},
                              {"schema", text}});
    }
    return parameters;
}

/// "POST", "/backends/{name}/{server}" -> "post_backends_name_server"
std::string operation_id(const RedxRow& row) {
    std::string id;
    for (const char c : row.method) id.push_back(static_cast<char>(c - 'A' + 'a'));
    for (const char c : row.path) {
        if (c == '/' || c == '.') id.push_back('_');
        if (c >= 'a' && c <= 'z') id.push_back(c);
    }
    return id;
}

json::object content_of(std::string_view type, json::value schema) {
    json::object media;
    media["schema"] = std::move(schema);
    json::object content;
    content[view(type)] = std::move(media);
    return content;
}

json::object responses_of(const RedxRow& row) {
    json::object responses;
    if (row.page != nullptr && row.path == "/test") {
        const json::value text = {{"type", "string"}};
        responses["200"] = {{"description", "HTML"}, {"content", content_of("text/html", text)}};
        return responses;
    }
    if (row.page != nullptr) {
        const json::value object = {{"type", "object"}};
        responses["200"] = {{"description", "OpenAPI"},
                            {"content", content_of("application/json", object)}};
    } else if (row.path == "/export") {
        responses["200"] = {
            {"description", "a batch"},
            {"content", content_of("application/json", reference("schemas", "batch"))}};
        responses["500"] = reference("responses", "failed");
    } else {
        responses["200"] = reference("responses", row.answer != nullptr ? "data" : "ok");
        responses["500"] = reference("responses", "failed");
    }
    if (row.answer != nullptr && row.path.find('{') != std::string_view::npos)
        responses["404"] = reference("responses", "absent");
    if (row.batch != nullptr) {
        responses["400"] = reference("responses", "bad_body");
        responses["413"] = reference("responses", "too_large");
    }
    if (row.needs_token) responses["401"] = reference("responses", "unauthorized");
    if (row.writes()) responses["403"] = reference("responses", "forbidden");
    return responses;
}

json::object operation_of(const RedxRow& row) {
    json::object operation;
    operation["operationId"] = operation_id(row);
    operation["summary"] = view(row.help);
    if (auto parameters = parameters_of(row.path); !parameters.empty())
        operation["parameters"] = std::move(parameters);
    if (row.batch != nullptr) {
        operation["requestBody"] = {
            {"required", true},
            {"content", content_of("application/json", reference("schemas", "batch"))}};
    }
    operation["responses"] = responses_of(row);
    if (!row.needs_token) operation["security"] = json::array();
    return operation;
}

/// Of the answers with a message and nothing else.
json::value message_response(std::string_view description) {
    return {{"description", view(description)},
            {"content", content_of("application/json", reference("schemas", "message"))}};
}

json::value responses() {
    return {{"ok", message_response("done")},
            {"data",
             {{"description", "what was asked for, as data"},
              {"content", content_of("application/json", reference("schemas", "data"))}}},
            {"absent", message_response("Entry does not exist")},
            {"bad_body", message_response("no body, or not the JSON that is expected")},
            {"too_large", message_response("a body above api.max_body")},
            {"unauthorized", message_response("without the token, or with a wrong one")},
            {"forbidden", message_response("there is no token, and the client is not local")},
            {"failed", message_response("the store could not do it: why")}};
}

json::value schemas() {
    const json::value text = {{"type", "string"}};
    const json::value config = {
        {"type", "object"}, {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}};
    const json::value pair = {
        {"type", "array"}, {"minItems", 2}, {"maxItems", 2}, {"items", json::object()}};
    const json::value server = {{"oneOf", {text, pair}}};
    const json::value servers = {
        {"oneOf", json::array{text, {{"type", "array"}, {"items", server}}}}};
    const json::value frontend = {{"type", "object"},
                                  {"required", json::array{"url"}},
                                  {"properties", {{"url", text}, {"backend_name", text}}}};
    const json::value backend = {
        {"type", "object"},
        {"required", json::array{"name"}},
        {"properties", {{"name", text}, {"servers", servers}, {"config", config}}}};
    return {{"message",
             {{"type", "object"},
              {"required", json::array{"message"}},
              {"properties", {{"message", text}}}}},
            {"data",
             {{"type", "object"},
              {"required", json::array{"message", "data"}},
              {"properties", {{"message", text}, {"data", json::object()}}}}},
            {"batch",
             {{"type", "object"},
              {"properties",
               {{"frontends", {{"type", "array"}, {"items", frontend}}},
                {"backends", {{"type", "array"}, {"items", backend}}}}}}}};
}

}  // namespace

HttpReply openapi_document() {
    json::object paths;
    for (const auto& row : redx_rows()) {
        auto& path = paths[view(row.path)];
        if (!path.is_object()) path.emplace_object();
        std::string verb;
        for (const char c : row.method) verb.push_back(static_cast<char>(c - 'A' + 'a'));
        path.get_object()[verb] = operation_of(row);
    }
    json::object components;
    components["schemas"] = schemas();
    components["responses"] = responses();
    components["securitySchemes"] = {{"token", {{"type", "http"}, {"scheme", "bearer"}}}};

    json::object document;
    document["openapi"] = "3.0.3";
    document["info"] = {{"title", "Fairlead's Redx-compatible API"}, {"version", view(version())}};
    document["security"] = json::array{{{"token", json::array()}}, json::object()};
    document["paths"] = std::move(paths);
    document["components"] = std::move(components);
    HttpReply reply;
    reply.body = json::serialize(document);
    return reply;
}

}  // namespace fairlead::control
