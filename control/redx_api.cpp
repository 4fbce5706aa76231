#include "control/redx_api.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {
namespace {

namespace json = boost::json;
using Kind = StoreChange::Kind;
using Segments = std::vector<std::string>;

constexpr const char* default_score = "0";

json::string_view view(std::string_view text) {
    return {text.data(), text.size()};
}

HttpReply answer(int status, std::string_view message) {
    json::object body;
    body["message"] = view(message);
    HttpReply reply;
    reply.status = status;
    reply.body = json::serialize(body);
    return reply;
}

HttpReply answer_data(json::value data) {
    json::object body;
    body["message"] = "OK";
    body["data"] = std::move(data);
    HttpReply reply;
    reply.body = json::serialize(body);
    return reply;
}

HttpReply absent() {
    return answer(404, "Entry does not exist");
}

// What a row of the table does: a change of the store, or a question about its contents.

using Change = std::vector<StoreChange> (*)(const Segments&);
using Question = HttpReply (*)(const StoreContents&, const Segments&);

/// Redx stored any text as score; a number comes back as one.
json::value score_of(const std::string& text) {
    const char* const last = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto [at, ec] = std::from_chars(text.data(), last, whole);
        ec == std::errc{} && at == last) {
        return whole;
    }
    double number = 0;
    if (const auto [at, ec] = std::from_chars(text.data(), last, number);
        ec == std::errc{} && at == last) {
        return number;
    }
    return json::value(view(text));
}

void describe(json::object& into, const Backend& backend) {
    json::array servers;
    json::object scores;
    for (const auto& [address, score] : backend.servers) {
        servers.emplace_back(view(address));
        scores[view(address)] = score_of(score);
    }
    json::object config;
    for (const auto& [key, value] : backend.config) config[view(key)] = view(value);
    into["servers"] = std::move(servers);
    into["config"] = std::move(config);
    into["scores"] = std::move(scores);
}

HttpReply list_frontends(const StoreContents& contents, const Segments&) {
    json::array list;
    for (const auto& [url, backend] : contents.frontends) {
        json::object entry;
        entry["url"] = view(url);
        entry["backend_name"] = view(backend);
        list.push_back(std::move(entry));
    }
    return answer_data(std::move(list));
}

HttpReply get_frontend(const StoreContents& contents, const Segments& path) {
    const auto at = contents.frontends.find(path[1]);
    if (at == contents.frontends.end()) return absent();
    return answer_data(json::value(view(at->second)));
}

HttpReply list_backends(const StoreContents& contents, const Segments&) {
    json::array list;
    for (const auto& [name, backend] : contents.backends) {
        json::object entry;
        entry["name"] = view(name);
        describe(entry, backend);
        list.push_back(std::move(entry));
    }
    return answer_data(std::move(list));
}

HttpReply get_backend(const StoreContents& contents, const Segments& path) {
    const auto at = contents.backends.find(path[1]);
    if (at == contents.backends.end()) return absent();
    json::object entry;
    describe(entry, at->second);
    return answer_data(std::move(entry));
}

HttpReply get_config(const StoreContents& contents, const Segments& path) {
    const auto at = contents.backends.find(path[1]);
    if (at == contents.backends.end()) return absent();
    const auto entry = at->second.config.find(path[3]);
    if (entry == at->second.config.end()) return absent();
    return answer_data(json::value(view(entry->second)));
}

// A literal segment stands for itself, ":" for any one. In order: the first row that fits counts,
// so config comes before score where both could be meant, and the wrong types last.
struct Route {
    std::vector<std::string_view> pattern;
    std::string_view method;
    Question ask = nullptr;
    Change change = nullptr;
};

// clang-format off
const std::vector<Route>& routes() {
    static const std::vector<Route> table = {
        {{"health"}, "GET"},
        {{"flush"}, "DELETE", nullptr, [](const Segments&) -> std::vector<StoreChange> {
            return {{Kind::flush, "", "", ""}}; }},

        {{"frontends"}, "GET", list_frontends},
        {{"frontends", ":"}, "GET", get_frontend},
        {{"frontends", ":"}, "DELETE", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_frontend, path[1], "", ""}}; }},
        {{"frontends", ":", ":"}, "POST|PUT", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::set_frontend, path[1], "", path[2]}}; }},
        {{"frontends", ":", ":"}, "DELETE", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_frontend, path[1], "", ""}}; }},

        {{"backends"}, "GET", list_backends},
        {{"backends", ":"}, "GET", get_backend},
        {{"backends", ":"}, "DELETE", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_backend, path[1], "", ""}}; }},
        {{"backends", ":", ":"}, "POST", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::set_server, path[1], path[2], default_score}}; }},
        {{"backends", ":", ":"}, "PUT", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_backend, path[1], "", ""}, {Kind::set_server, path[1], path[2], default_score}}; }},
        {{"backends", ":", ":"}, "DELETE", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_server, path[1], path[2], ""}}; }},
        {{"backends", ":", "config", ":"}, "GET", get_config},
        {{"backends", ":", "config", ":"}, "DELETE", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::delete_config, path[1], path[3], ""}}; }},
        {{"backends", ":", "config", ":", ":"}, "PUT", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::set_config, path[1], path[3], path[4]}}; }},
        {{"backends", ":", ":", "score", ":"}, "PUT", nullptr, [](const Segments& path) -> std::vector<StoreChange> {
            return {{Kind::set_server, path[1], path[2], path[4]}}; }},
    };
    return table;
}
// clang-format on

bool fits(const Route& route, const std::vector<std::string_view>& path) {
    return std::equal(route.pattern.begin(), route.pattern.end(), path.begin(), path.end(),
                      [](std::string_view wanted, std::string_view given) {
                          return wanted == given || (wanted == ":" && !given.empty());
                      });
}

bool takes(const Route& route, std::string_view method) {
    auto methods = route.method;
    while (!methods.empty()) {
        const auto bar = methods.find('|');
        if (methods.substr(0, bar) == method) return true;
        methods = bar == std::string_view::npos ? std::string_view{} : methods.substr(bar + 1);
    }
    return false;
}

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto segment = path.substr(0, path.find('/'));
        segments.push_back(segment);
        path.remove_prefix(segment.size());
    }
    return segments;
}

/// Redx's own check, on shapes that would be an asset's if its type were known.
bool is_bad_asset(const std::vector<std::string_view>& path, std::string_view method) {
    const bool has_empty = std::find(path.begin(), path.end(), std::string_view{}) != path.end();
    if (path.empty() || has_empty || path[0] == "frontends" || path[0] == "backends") return false;
    if (path.size() == 2) return method == "GET" || method == "DELETE";
    return path.size() == 3 && (method == "POST" || method == "PUT" || method == "DELETE");
}

/// Why no row took the request: the wrong type, a slash too many, the wrong method, or no such
/// path.
HttpReply refuse(const HttpRequest& request, const std::vector<std::string_view>& path,
                 std::string_view method) {
    std::string allowed;
    for (const auto& route : routes()) {
        if (!fits(route, path)) continue;
        for (const std::string_view known : {"GET", "POST", "PUT", "DELETE"}) {
            if (!takes(route, known)) continue;
            allowed.append(allowed.empty() ? "" : ", ").append(known);
            if (known == "GET") allowed.append(", HEAD");
        }
    }
    if (!allowed.empty()) {
        auto reply = answer(405, "Method not allowed");
        reply.fields.emplace_back("Allow", allowed);
        return reply;
    }
    if (path.size() > 1 && path.back().empty()) {
        // Never "//host": a browser would take that for another site.
        auto to = request.path.substr(0, request.path.size() - 1);
        to.erase(1, std::min(to.find_first_not_of('/'), to.size()) - 1);
        if (!request.query.empty()) to.append("?").append(request.query);
        auto reply = answer(301, "Moved Permanently");
        reply.fields.emplace_back("Location", to);
        return reply;
    }
    if (is_bad_asset(path, method)) {
        return answer(400, "Bad asset type. Must be \"frontends\" or \"backends\"");
    }
    return answer(404, "Not found");
}

/// What a question about one entry is about.
StoreEntry entry_of(const Segments& path) {
    const bool is_frontend = path[0] == "frontends";
    return {is_frontend ? StoreEntry::Kind::frontend : StoreEntry::Kind::backend, path[1]};
}

HttpReply outcome(const Checked<>& done) {
    if (!done) return answer(500, done.error().text());
    return answer(200, "OK");
}

}  // namespace

aio::task<HttpReply> RedxApi::handle(const HttpRequest& request) {
    const std::string_view method =
        request.method == "HEAD" ? "GET" : std::string_view(request.method);
    const auto raw = split(request.path);
    const auto& table = routes();
    const auto route = std::find_if(table.begin(), table.end(), [&](const Route& row) {
        return fits(row, raw) && takes(row, method);
    });
    if (route == table.end() || raw.empty()) co_return refuse(request, raw, method);

    Segments path;
    for (const auto segment : raw) path.push_back(percent_decode(segment));
    if (route->change != nullptr) {
        auto changes = route->change(path);
        auto who = "api " + request.peer;
        const auto done = co_await store_.apply(std::move(changes), std::move(who));
        co_return outcome(done);
    }
    if (route->ask == nullptr) {
        const auto probed = co_await store_.probe();
        co_return outcome(probed);
    }
    auto asked = path.size() == 1 ? store_.read() : store_.read_one(entry_of(path));
    const auto contents = co_await std::move(asked);
    if (!contents) co_return answer(500, contents.error().text());
    co_return route->ask(*contents, path);
}

}  // namespace fairlead::control
