#include "control/api/redx_table.hpp"

#include "control/api/openapi.hpp"
#include "control/api/redx_answers.hpp"
#include "control/api/redx_batch.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

using Kind = StoreChange::Kind;
using Changes = std::vector<StoreChange>;

constexpr const char* new_score = "0";  // whatever a server had: Redx's POST and PUT reset it

HttpReply frontends(const StoreContents& contents, const RedxPath&) {
    return frontends_answer(contents);
}
HttpReply frontend(const StoreContents& contents, const RedxPath& path) {
    return frontend_answer(contents, path[1]);
}
HttpReply backends(const StoreContents& contents, const RedxPath&) {
    return backends_answer(contents);
}
HttpReply backend(const StoreContents& contents, const RedxPath& path) {
    return backend_answer(contents, path[1]);
}
HttpReply config(const StoreContents& contents, const RedxPath& path) {
    return config_answer(contents, path[1], path[3]);
}
HttpReply everything(const StoreContents& contents, const RedxPath&) {
    HttpReply reply;
    reply.body = batch_text(contents);
    return reply;
}
HttpReply orphans(const StoreContents& contents, const RedxPath&) {
    return orphans_answer(contents);
}

Changes flush(const RedxPath&) {
    return {{Kind::flush, "", "", ""}};
}
Changes set_frontend(const RedxPath& path) {
    return {{Kind::set_frontend, path[1], "", path[2]}};
}
Changes delete_frontend(const RedxPath& path) {
    return {{Kind::delete_frontend, path[1], "", ""}};
}
Changes add_server(const RedxPath& path) {
    return {{Kind::set_server, path[1], path[2], new_score}};
}
Changes replace_servers(const RedxPath& path) {
    return {{Kind::delete_backend, path[1], "", ""},
            {Kind::set_server, path[1], path[2], new_score}};
}
Changes delete_server(const RedxPath& path) {
    return {{Kind::delete_server, path[1], path[2], ""}};
}
Changes delete_backend(const RedxPath& path) {
    return {{Kind::delete_backend, path[1], "", ""}};
}
Changes set_config(const RedxPath& path) {
    return {{Kind::set_config, path[1], path[3], path[4]}};
}
Changes delete_config(const RedxPath& path) {
    return {{Kind::delete_config, path[1], path[3], ""}};
}
Changes set_score(const RedxPath& path) {
    return {{Kind::set_server, path[1], path[2], path[4]}};
}

template <BatchVerb verb>
Checked<Changes> batch(std::string_view body, const model::ApiSettings& settings) {
    return read_batch(body, verb, settings.default_score);
}

// clang-format off
constexpr RedxRow rows[] = {
    {.method = "GET", .path = "/test", .help = "a page for people", .page = test_page, .needs_token = false},
    {.method = "GET", .path = "/health", .help = "writes, reads and deletes a probe in the store", .needs_token = false},
    {.method = "GET", .path = "/openapi.json", .help = "this document", .page = openapi_document},
    {.method = "DELETE", .path = "/flush", .help = "deletes everything; with Redis: the whole database", .change = flush},

    {.method = "GET", .path = "/frontends", .help = "all frontends", .answer = frontends},
    {.method = "GET", .path = "/frontends/{url}", .help = "the name of its backend", .answer = frontend},
    {.method = "DELETE", .path = "/frontends/{url}", .help = "deletes it", .change = delete_frontend},
    {.method = "POST", .path = "/frontends/{url}/{backend}", .help = "leads that URL to that backend", .change = set_frontend},
    {.method = "PUT", .path = "/frontends/{url}/{backend}", .help = "as POST", .change = set_frontend},
    {.method = "DELETE", .path = "/frontends/{url}/{backend}", .help = "deletes the frontend, whatever its backend", .change = delete_frontend},

    {.method = "GET", .path = "/backends", .help = "all backends", .answer = backends},
    {.method = "GET", .path = "/backends/{name}", .help = "its servers, config and scores", .answer = backend},
    {.method = "DELETE", .path = "/backends/{name}", .help = "deletes it", .change = delete_backend},
    {.method = "POST", .path = "/backends/{name}/{server}", .help = "adds a server, with score 0 also where it is there", .change = add_server},
    {.method = "PUT", .path = "/backends/{name}/{server}", .help = "this server alone: other servers and the config go", .change = replace_servers},
    {.method = "DELETE", .path = "/backends/{name}/{server}", .help = "deletes the server", .change = delete_server},
    {.method = "GET", .path = "/backends/{name}/config/{key}", .help = "one config value", .answer = config},
    {.method = "DELETE", .path = "/backends/{name}/config/{key}", .help = "deletes it", .change = delete_config},
    {.method = "PUT", .path = "/backends/{name}/config/{key}/{value}", .help = "sets it", .change = set_config},
    {.method = "PUT", .path = "/backends/{name}/{server}/score/{score}", .help = "sets a server's score; adds the server", .change = set_score},

    {.method = "GET", .path = "/orphans", .help = "frontends without a backend, backends without a frontend", .answer = orphans},
    {.method = "DELETE", .path = "/orphans", .help = "deletes those", .derived = orphans_removal},

    {.method = "POST", .path = "/batch", .help = "sets what the body names, all or nothing", .batch = batch<BatchVerb::add>},
    {.method = "PUT", .path = "/batch", .help = "the same, from nothing for each that is named; without backend_name or servers: deletes it", .batch = batch<BatchVerb::replace>},
    {.method = "DELETE", .path = "/batch", .help = "deletes what the body names: a frontend, servers and config entries, or a whole backend", .batch = batch<BatchVerb::remove>},
    {.method = "GET", .path = "/export", .help = "everything at one moment, as the body of a /batch", .answer = everything},
};
// clang-format on

bool is_parameter(std::string_view segment) {
    return segment.starts_with('{');
}

}  // namespace

std::span<const RedxRow> redx_rows() noexcept {
    return rows;
}

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto segment = path.substr(0, path.find('/'));
        segments.push_back(segment);
        path.remove_prefix(segment.size());
    }
    return segments;
}

bool fits(const RedxRow& row, const std::vector<std::string_view>& path) {
    auto rest = row.path;
    for (const auto given : path) {
        if (rest.empty()) return false;
        rest.remove_prefix(1);
        const auto wanted = rest.substr(0, rest.find('/'));
        rest.remove_prefix(wanted.size());
        if (is_parameter(wanted) ? given.empty() : wanted != given) return false;
    }
    return rest.empty() && !path.empty();
}

std::string allowed_methods(const std::vector<std::string_view>& path) {
    std::string allowed;
    for (const std::string_view method : {"GET", "POST", "PUT", "DELETE"}) {
        const bool is_known = std::any_of(std::begin(rows), std::end(rows), [&](const auto& row) {
            return row.method == method && fits(row, path);
        });
        if (!is_known) continue;
        allowed.append(allowed.empty() ? "" : ", ").append(method);
        if (method == "GET") allowed.append(", HEAD");
    }
    return allowed;
}

}  // namespace fairlead::control
