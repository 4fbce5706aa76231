#include "control/api/redx_api.hpp"

#include "control/api/redx_answers.hpp"
#include "control/api/redx_table.hpp"
#include "control/store/store_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {
namespace {

/// Redx's own check, on shapes that would be an asset's if its type were known.
bool is_bad_asset(const std::vector<std::string_view>& path, std::string_view method) {
    const bool has_empty = std::find(path.begin(), path.end(), std::string_view{}) != path.end();
    if (path.empty() || has_empty || path[0] == "frontends" || path[0] == "backends") return false;
    if (path.size() == 2) return method == "GET" || method == "DELETE";
    return path.size() == 3 && (method == "POST" || method == "PUT" || method == "DELETE");
}

/// Why no row took the request: the wrong type, a slash too many, the wrong method, or no such
/// path.
HttpReply misdirected(const HttpRequest& request, const std::vector<std::string_view>& path) {
    const auto allowed = allowed_methods(path);
    if (!allowed.empty()) {
        auto reply = redx_answer(405, "Method not allowed");
        reply.fields.emplace_back("Allow", allowed);
        return reply;
    }
    if (path.size() > 1 && path.back().empty()) {
        // Never "//host": a browser would take that for another site.
        auto to = request.path.substr(0, request.path.size() - 1);
        to.erase(1, std::min(to.find_first_not_of('/'), to.size()) - 1);
        if (!request.query.empty()) to.append("?").append(request.query);
        auto reply = redx_answer(301, "Moved Permanently");
        reply.fields.emplace_back("Location", to);
        return reply;
    }
    if (is_bad_asset(path, request.method)) {
        return redx_answer(400, "Bad asset type. Must be \"frontends\" or \"backends\"");
    }
    return redx_answer(404, "Not found");
}

/// What a question about one entry is about; none: about all of them.
std::optional<StoreEntry> entry_of(const RedxPath& path) {
    if (path.size() == 1) return std::nullopt;
    const bool is_frontend = path[0] == "frontends";
    return StoreEntry{is_frontend ? StoreEntry::Kind::frontend : StoreEntry::Kind::backend,
                      path[1]};
}

HttpReply outcome(const Checked<>& done) {
    if (!done) return redx_answer(500, done.error().text());
    return redx_answer(200, "OK");
}

/// Redx's server put such bodies aside unread, so that its API saw none.
bool is_multipart(const HttpRequest& request) {
    return request.field("content-type").starts_with("multipart/form-data");
}

/// Null: there is none.
const RedxRow* row_for(std::string_view method, const std::vector<std::string_view>& path) {
    const auto rows = redx_rows();
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const RedxRow& candidate) {
        return candidate.method == method && fits(candidate, path);
    });
    return row == rows.end() ? nullptr : &*row;
}

}  // namespace

std::optional<HttpReply> RedxApi::refuse(const HttpRequest& head) const {
    const auto* const row = row_for(head.method, split_path(head.path));
    return guard_.refuse(head, row != nullptr && !row->needs_token);
}

aio::task<HttpReply> RedxApi::handle(const HttpRequest& request) {
    if (auto refused = refuse(request)) co_return std::move(*refused);
    const auto raw = split_path(request.path);
    const auto* const row = row_for(request.method, raw);
    if (row == nullptr) co_return misdirected(request, raw);
    if (row->page != nullptr) co_return row->page();

    RedxPath path;
    for (const auto segment : raw) path.push_back(percent_decode(segment));
    if (row->answer != nullptr) {
        const auto entry = entry_of(path);
        HttpReply reply;
        const Store::Look look = [&](const StoreImage& image) {
            reply = row->answer(image.contents, path);
        };
        auto asking = entry ? store_.read_one(*entry, look) : store_.read(look);
        const auto asked = co_await std::move(asking);
        if (!asked) co_return redx_answer(500, asked.error().text());
        co_return reply;
    }

    std::vector<StoreChange> changes;
    if (row->change != nullptr) {
        changes = row->change(path);
    } else if (row->batch != nullptr) {
        const std::string_view body = is_multipart(request) ? "" : std::string_view(request.body);
        auto read = row->batch(body, settings_);
        if (!read) co_return redx_answer(400, read.error().text());
        changes = std::move(*read);
    } else if (row->derived != nullptr) {
        const Store::Look look = [&](const StoreImage& image) {
            changes = row->derived(image.contents);
        };
        const auto asked = co_await store_.read(look);
        if (!asked) co_return redx_answer(500, asked.error().text());
    } else {
        const auto probed = co_await store_.probe();
        co_return outcome(probed);
    }
    auto who = "api " + request.client();
    const auto done = co_await store_.apply(std::move(changes), std::move(who));
    co_return outcome(done);
}

}  // namespace fairlead::control
