// Every row of the Redx-compatible API: verb, path, and what answers it. Dispatch, Allow and the
// OpenAPI document come from these rows.
//
// Threads: any (immutable table).
#pragma once

#include "control/http_server.hpp"
#include "control/store/store.hpp"
#include "proxy/model/config.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

/// A request's path taken apart at the slashes, each segment percent-decoded.
using RedxPath = std::vector<std::string>;

struct RedxRow {
    // What answers; exactly one is there, and none for the store's probe.
    using Page = HttpReply (*)();
    using Answer = HttpReply (*)(const StoreContents&, const RedxPath&);
    using Change = std::vector<StoreChange> (*)(const RedxPath&);
    using Batch = Checked<std::vector<StoreChange>> (*)(std::string_view body,
                                                        const model::ApiSettings&);
    using Derived = std::vector<StoreChange> (*)(const StoreContents&);

    std::string_view method;
    std::string_view path;  // "/backends/{name}/{server}": {x} is any one segment, not empty
    std::string_view help;
    Page page = nullptr;
    Answer answer = nullptr;    // from the whole, or from one entry where the path names one
    Change change = nullptr;    // what the path asks for
    Batch batch = nullptr;      // what the body asks for
    Derived derived = nullptr;  // what follows from what there is
    bool needs_token = true;    // where there is a token at all

    bool writes() const noexcept { return method != "GET"; }
};

/// In order: the first row that fits counts, so config comes before score where both could be
/// meant.
std::span<const RedxRow> redx_rows() noexcept;

/// "/a//b" -> {"a", "", "b"}; views into the path, not decoded.
std::vector<std::string_view> split_path(std::string_view path);

/// Whether that row's path is meant, whatever the verb.
bool fits(const RedxRow& row, const std::vector<std::string_view>& path);

/// "GET, HEAD, DELETE": the verbs that the path has rows for; empty: there is no such path.
std::string allowed_methods(const std::vector<std::string_view>& path);

}  // namespace fairlead::control
